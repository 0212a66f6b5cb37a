import { type Message, Bucket, MessageKind, giftIn } from "../client/index.js";
import { make } from "./elements.js";
import { figure } from "./numbers.js";

/** What a message says to people; empty: nothing. */
export function wordsOf(message: Message): string {
  if (message.text) return message.text;
  switch (message.kind) {
    case MessageKind.LIKE:
      return "♥";
    case MessageKind.GIFT:
      return giftWordsOf(message);
    case MessageKind.IMAGE:
      return "sent a picture";
    case MessageKind.VOICE:
      return "sent a voice message";
    default:
      return "";
  }
}

/** What a message says where nobody's name stands beside it. */
export function stageWordsOf(message: Message): string {
  const words = wordsOf(message);
  if (message.text || message.kind !== MessageKind.GIFT) return words;
  return `${message.senderName || message.senderId} ${words}`;
}

/** What was given, of a combo all of it so far. */
function giftWordsOf(message: Message): string {
  const gift = giftIn(message);
  if (!gift) return "sent a gift";
  const count = gift.comboId && gift.comboCount > gift.count ? gift.comboCount : gift.count;
  return `sent ${figure(count)} × ${gift.name || gift.giftId}`;
}

/** The list item of a message. */
export function lineOf(message: Message): HTMLLIElement {
  const system = message.kind === MessageKind.SYSTEM || !message.senderId;
  const line = make("li", system ? "system" : "");
  if (message.bucket === Bucket.WHITELIST) line.classList.add("first");
  if (message.kind === MessageKind.GIFT) line.classList.add("gift");
  if (!system) line.append(nameOf(message.senderId, message.senderName), " ");
  line.append(make("span", "words", wordsOf(message)));
  return line;
}

/** The button by which a moderator chooses a message. The arrow keys go from one to the next. */
export function choiceOf(message: Message): HTMLButtonElement {
  const button = make("button", "choose", "⋯");
  button.type = "button";
  button.tabIndex = -1;
  button.title = "Moderate";
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute(
    "aria-label",
    `Moderate ${message.senderName || message.senderId}: ${wordsOf(message)}`,
  );
  return button;
}

/** The list item of one's own message that the room has not said back yet. */
export function echoOf(userId: string, text: string): HTMLLIElement {
  const line = make("li", "own pending");
  line.append(nameOf(userId, "You"), " ", make("span", "words", text));
  return line;
}

/** A line that nobody said: what happened to the chat itself. */
export function noticeOf(words: string): HTMLLIElement {
  return make("li", "system", words);
}

function nameOf(id: string, name: string): HTMLElement {
  const node = make("b", "name", name || id);
  node.style.setProperty("--hue", String(hueOf(id)));
  return node;
}

/** The same hue for the same id, everywhere. */
function hueOf(id: string): number {
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = (hash * 31 + id.charCodeAt(i)) >>> 0;
  return hash % 360;
}
