import { type RoomClient, failureOf, randomId } from "../client/index.js";
import type { ChatList } from "./chat-list.js";
import type { Danmaku } from "./danmaku.js";
import { byId } from "./elements.js";
import { fateOf, sentenceOf } from "./sentences.js";

/** What the composer needs of the page. */
export interface ComposerSurroundings {
  client(): RoomClient;
  chat: ChatList;
  danmaku: Danmaku;
  /** Who writes; empty where it is not known. */
  userId(): string;
}

/** The box to write in. What is sent is on the screen at once. */
export function setUpComposer({ client, chat, danmaku, userId }: ComposerSurroundings): void {
  const input = byId<HTMLInputElement>("composer-text");
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    input.value = "";
    if (text) void send(text);
  });

  const send = async (text: string): Promise<void> => {
    const id = randomId();
    chat.echo(id, userId(), text);
    danmaku.shoot(text, undefined, true);
    try {
      const fate = fateOf(await client().send(text, id));
      if (fate) chat.annotate(id, fate);
      say(fate);
    } catch (thrown) {
      const why = sentenceOf(failureOf(thrown));
      chat.annotate(id, why, "failed");
      say(why);
    }
  };
  // On the line for all to see; here, out of sight, for who listens to the page.
  const say = (words: string) => void (byId("composer-note").textContent = words);
}
