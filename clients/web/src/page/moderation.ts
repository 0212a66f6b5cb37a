import { type Message, type Moderator, MessageKind, Role, failureOf } from "../client/index.js";
import { choiceOf, wordsOf } from "./chat-line.js";
import { byId, write } from "./elements.js";
import { Note } from "./note.js";
import { sentenceOf } from "./sentences.js";

/** How long the page mutes for, in ms: ten minutes, as its button says. */
const MUTE_FOR = 600_000;

/** Roles that moderate. What they really may do is for the server to decide. */
const ROLES = new Set([Role.MODERATOR, Role.HOST, Role.BACKEND]);

/** What moderation needs of the page. */
export interface ModerationSurroundings {
  moderator(): Moderator;
  /** Who moderates; empty where it is not known. */
  userId(): string;
  /** As what they are in the room. */
  role(): Role;
}

/**
 * What hosts and moderators can do about a message: a button on its line opens a dialog
 * about it. From the list, Enter goes to the newest message's button, the arrow keys
 * from one to the next, and Escape back.
 */
export class Moderation {
  #dialog = byId<HTMLDialogElement>("moderation");
  #note = new Note(byId("moderation-note"));
  #buttons = [...this.#dialog.querySelectorAll<HTMLButtonElement>("button[data-act]")];
  #message: Message | undefined;

  constructor(
    private readonly page: ModerationSurroundings,
    private readonly list: HTMLElement,
    private readonly scroller: HTMLElement,
  ) {
    for (const button of this.#buttons) {
      button.addEventListener("click", () => void this.#act(button.dataset.act ?? ""));
    }
    byId("moderation-close").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => {
      this.#message = undefined;
      // The line that it was opened from may be gone, and the focus with it.
      const { activeElement, body } = document;
      if (activeElement === body || this.#dialog.contains(activeElement)) this.scroller.focus();
    });
    scroller.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Whoever is here now moderates, or not. */
  entered(): void {
    byId("chat-hint").hidden = !this.#moderates;
  }

  /** Closes the dialog: it was about a room that was left. */
  left(): void {
    this.#dialog.close();
  }

  /** Puts the button on a line, if its message is one to moderate. */
  equip(line: HTMLLIElement, message: Message): void {
    const system = message.kind === MessageKind.SYSTEM || !message.senderId;
    if (system || !this.#moderates || message.senderId === this.page.userId()) return;
    const button = choiceOf(message);
    button.addEventListener("click", () => this.#open(message));
    line.append(button);
  }

  get #moderates(): boolean {
    return ROLES.has(this.page.role());
  }

  #open(message: Message): void {
    this.#message = message;
    this.#note.say("");
    write(byId("moderation-who"), message.senderName || message.senderId);
    write(byId("moderation-words"), wordsOf(message));
    this.#busy(false);
    this.#dialog.showModal();
  }

  async #act(act: string): Promise<void> {
    const message = this.#message;
    if (!message || this.#dialog.hasAttribute("data-busy")) return;
    this.#busy(true);
    const words = await this.#outcome(act, message);
    if (this.#message !== message) return; // the dialog is about another by now
    this.#note.say(words);
    this.#busy(false);
  }

  async #outcome(act: string, { senderId, senderName, timestamp }: Message): Promise<string> {
    const moderator = this.page.moderator();
    const who = senderName || senderId;
    try {
      switch (act) {
        case "recall":
          await moderator.recall(timestamp);
          return "The message is taken back.";
        case "mute":
          await moderator.mute(senderId, MUTE_FOR);
          return `${who} is muted for 10 minutes.`;
        case "kick":
          await moderator.kick(senderId);
          return `${who} was removed, and may come back.`;
        case "ban":
          await moderator.ban(senderId);
          return `${who} is banned.`;
        default:
          return "";
      }
    } catch (thrown) {
      return sentenceOf(failureOf(thrown));
    }
  }

  #busy(busy: boolean): void {
    // Disabled buttons would lose the focus.
    for (const button of this.#buttons) button.setAttribute("aria-disabled", String(busy));
    this.#dialog.toggleAttribute("data-busy", busy);
  }

  #onKey(event: KeyboardEvent): void {
    const choices = [...this.list.querySelectorAll<HTMLElement>("button.choose")];
    const at = choices.indexOf(event.target as HTMLElement);
    const next = nextChoice(event.key, at, choices.length);
    if (next === undefined) return;
    event.preventDefault();
    if (next < 0) this.scroller.focus();
    else choices[next]?.focus();
  }
}

/**
 * Which of so many buttons a key goes to from one (-1: from the list); -1 is the list,
 * undefined: the key means nothing here.
 */
export function nextChoice(key: string, at: number, count: number): number | undefined {
  if (at < 0) return key === "Enter" && count > 0 ? count - 1 : undefined;
  switch (key) {
    case "ArrowUp":
      return Math.max(0, at - 1);
    case "ArrowDown":
      return Math.min(count - 1, at + 1);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    case "Escape":
      return -1;
    default:
      return undefined;
  }
}
