import { type GiftMessage, type Message, giftIn } from "../client/index.js";
import { echoOf, lineOf, noticeOf, wordsOf } from "./chat-line.js";
import { make, write } from "./elements.js";
import { onceAFrame } from "./once-a-frame.js";

/** Puts what a moderator needs on the line of a message, where it is for them to moderate. */
export type Equip = (line: HTMLLIElement, message: Message) => void;

/** Most lines that are kept. */
const MOST = 200;
/** How near to its end the list counts as being at it, in pixels. */
const NEAR = 48;

interface Line {
  node: HTMLLIElement;
  /** Room timestamp; 0 for an echo that the room has not said back. */
  timestamp: bigint;
  /** The id of an own message. */
  id?: string;
  /** The gifts that it stands for, of a combo. */
  combo?: GiftMessage;
}

/**
 * The chat: the latest lines, drawn once a frame. It follows its end unless the
 * reader has scrolled away from it. Gifts of one combo are one line, which grows.
 */
export class ChatList {
  #lines: Line[] = [];
  #waiting: Line[] = [];
  #echoes = new Map<string, Line>();
  #combos = new Map<string, Line>();
  #following = true;
  #settled = false;
  #draw = onceAFrame(() => this.#drawWaiting());

  constructor(
    private readonly list: HTMLElement,
    private readonly scroller: HTMLElement,
    private readonly newest: HTMLElement,
    private readonly empty: HTMLElement,
    private readonly equip: Equip = () => {},
  ) {
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    newest.addEventListener("click", () => this.#follow());
    // A note beneath the box to write in takes room from the lines.
    new ResizeObserver(() => {
      if (this.#following) this.#follow();
    }).observe(scroller);
  }

  /** Shows messages, and returns those that were not on the screen before as an echo. */
  show(messages: Message[]): Message[] {
    const fresh = messages.filter((message) => this.#take(message));
    // A hidden page draws no frames: what would be trimmed at once need not wait.
    this.#trim(this.#waiting);
    this.#draw();
    return fresh;
  }

  /** Takes a message, and says whether it has a line of its own that was not there. */
  #take(message: Message): boolean {
    if (this.#confirm(message) || !wordsOf(message)) return false;
    const gift = giftIn(message);
    const combo = gift?.comboId ? gift : undefined;
    if (combo && this.#grow(combo, message)) return false;
    const line: Line = { node: this.#nodeOf(message), timestamp: message.timestamp };
    if (combo) this.#combos.set((line.combo = combo).comboId, line);
    this.#waiting.push(line);
    return true;
  }

  #nodeOf(message: Message): HTMLLIElement {
    const node = lineOf(message);
    this.equip(node, message);
    return node;
  }

  /** Lets the line of a combo stand for its latest message; false: there is no such line. */
  #grow(combo: GiftMessage, message: Message): boolean {
    const line = this.#combos.get(combo.comboId);
    if (!line?.combo) return false;
    // Nodes may place messages in another order.
    if (combo.comboCount <= line.combo.comboCount) return true;
    const node = this.#nodeOf(message);
    if (line.node.contains(document.activeElement)) this.scroller.focus();
    line.node.replaceWith(node);
    Object.assign(line, { node, timestamp: message.timestamp, combo });
    return true;
  }

  /** Shows one's own message before the room has it. */
  echo(id: string, userId: string, text: string): void {
    const line: Line = { node: echoOf(userId, text), timestamp: 0n, id };
    this.#echoes.set(id, line);
    this.#waiting.push(line);
    this.#following = true;
    this.#draw();
  }

  /** Shows an own message as moderation has altered it. */
  alter(id: string, text: string): void {
    const words = this.#echoes.get(id)?.node.querySelector<HTMLElement>(".words");
    if (words) write(words, text);
  }

  /** Says on an own message what became of it; nothing to say: the room has it. */
  annotate(id: string, note: string, tone: "" | "failed" = ""): void {
    const line = this.#echoes.get(id);
    if (!line) return;
    line.node.classList.remove("pending");
    if (tone) line.node.classList.add(tone);
    if (note) line.node.append(make("small", "fate", note));
    if (this.#following) this.#follow();
  }

  /** Says what happened to the chat itself. */
  notice(words: string): void {
    this.#waiting.push({ node: noticeOf(words), timestamp: 0n });
    this.#draw();
  }

  /** Takes messages off the screen. */
  recall(timestamps: bigint[]): void {
    const gone = new Set(timestamps);
    const stays = (line: Line) => !gone.has(line.timestamp);
    for (const line of [...this.#lines, ...this.#waiting]) if (!stays(line)) this.#remove(line);
    this.#lines = this.#lines.filter(stays);
    this.#waiting = this.#waiting.filter(stays);
    this.#showEmpty();
  }

  /** The room is there: no lines means that nobody has said anything. */
  settle(): void {
    this.#settled = true;
    this.#showEmpty();
  }

  /** Takes everything off the screen. */
  clear(): void {
    this.list.replaceChildren();
    this.#lines = [];
    this.#waiting = [];
    this.#echoes.clear();
    this.#combos.clear();
    this.newest.hidden = true;
    this.#following = true;
    this.#showEmpty();
  }

  /** Whether the message is an own one that is on the screen already. */
  #confirm(message: Message): boolean {
    const line = message.clientMessageId && this.#echoes.get(message.clientMessageId);
    if (!line) return false;
    line.timestamp = message.timestamp;
    line.node.classList.remove("pending", "failed");
    line.node.querySelector(".fate")?.remove();
    // Moderation may have altered it on the way.
    const words = line.node.querySelector<HTMLElement>(".words");
    if (words) write(words, wordsOf(message));
    this.#echoes.delete(message.clientMessageId);
    return true;
  }

  #drawWaiting(): void {
    const lines = this.#waiting.splice(0);
    if (lines.length === 0) return;
    this.list.append(...lines.map((line) => line.node));
    this.#lines.push(...lines);
    this.#showEmpty();
    this.#trim(this.#lines);
    if (this.#following) this.#follow();
    else this.newest.hidden = false;
  }

  #showEmpty(): void {
    this.empty.hidden = !this.#settled || this.#lines.length + this.#waiting.length > 0;
  }

  /** Keeps the latest lines. An echo that goes is forgotten: its message is shown as any other. */
  #trim(lines: Line[]): void {
    for (const line of lines.splice(0, Math.max(0, lines.length - MOST))) {
      this.#remove(line);
      if (line.id) this.#echoes.delete(line.id);
    }
  }

  /** Takes a line off the screen. A focus in it goes to the list, and not astray. */
  #remove(line: Line): void {
    if (line.node.contains(document.activeElement)) this.scroller.focus();
    line.node.remove();
    if (line.combo) this.#combos.delete(line.combo.comboId);
  }

  #look(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.#following = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#following) this.newest.hidden = true;
  }

  #follow(): void {
    this.#following = true;
    this.newest.hidden = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }
}
