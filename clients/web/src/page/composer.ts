import { type Room, type RoomClient, failureOf, randomId } from "../client/index.js";
import type { ChatList } from "./chat-list.js";
import type { Danmaku } from "./danmaku.js";
import { byId, write } from "./elements.js";
import { lengthNote } from "./message-length.js";
import { Note } from "./note.js";
import { type Fate, fateOf, sentenceOf } from "./sentences.js";

/** What the composer needs of the page. */
export interface ComposerSurroundings {
  client(): RoomClient;
  chat: ChatList;
  danmaku: Danmaku;
  /** Who writes; empty where it is not known. */
  userId(): string;
}

/**
 * The box to write in. What is sent is in the chat at once, and on the stage once
 * the room has taken it; what the room refuses comes back into the box.
 */
export class Composer {
  #input = byId<HTMLInputElement>("composer-text");
  #count = byId("composer-count");
  #noteBox = byId("composer-note");
  #note = new Note(this.#noteBox);
  #limit: number | undefined;

  constructor(private readonly page: ComposerSurroundings) {
    this.#input.addEventListener("input", () => this.#measure());
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** Learns how long a text the room takes. */
  room(room: Room): void {
    this.#limit = room.settings?.maxTextLength;
    this.#measure();
  }

  #measure(): boolean {
    const { text, over } = lengthNote(this.#input.value.trim(), this.#limit);
    write(this.#count, text);
    this.#count.hidden = !text;
    this.#count.classList.toggle("over", over);
    this.#input.setAttribute("aria-invalid", String(over));
    return !over;
  }

  #submit(): void {
    const text = this.#input.value.trim();
    if (!this.#measure()) return this.#say(`Too long: at most ${this.#limit} characters.`, true);
    this.#fill("");
    if (text) void this.#send(text);
  }

  async #send(text: string): Promise<void> {
    const { client, chat, danmaku, userId } = this.page;
    const id = randomId();
    chat.echo(id, userId(), text);
    const { words, refused, altered } = await this.#fate(client().send(text, id));
    if (altered) chat.alter(id, altered);
    chat.annotate(id, words, refused ? "failed" : "");
    this.#say(words, false);
    if (!refused) danmaku.shoot(altered || text, undefined, true);
    else if (!this.#input.value) this.#fill(text);
  }

  async #fate(sent: ReturnType<RoomClient["send"]>): Promise<Fate> {
    try {
      return fateOf(await sent);
    } catch (thrown) {
      return { words: sentenceOf(failureOf(thrown)), refused: true, altered: "" };
    }
  }

  /** What is on the line of a message for all to see is said here only to who listens to the page. */
  #say(words: string, seen: boolean): void {
    this.#noteBox.classList.toggle("unseen", !seen);
    this.#note.say(words);
  }

  #fill(text: string): void {
    this.#input.value = text;
    this.#measure();
  }
}
