import { type RoomClient, failureOf } from "../client/index.js";
import { byId, write } from "./elements.js";
import { sentenceOf } from "./sentences.js";

/** The form that sets an attribute; the function that it returns deletes one. */
export function setUpSetter(client: () => RoomClient): (key: string) => void {
  const key = byId<HTMLInputElement>("setter-key");
  const value = byId<HTMLInputElement>("setter-value");
  const note = byId("setter-note");

  const attempt = async (change: Promise<unknown>): Promise<void> => {
    write(note, "");
    try {
      await change;
    } catch (thrown) {
      write(note, sentenceOf(failureOf(thrown)));
    }
  };
  byId("setter").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = key.value.trim();
    if (name) void attempt(client().setAttribute(name, new TextEncoder().encode(value.value)));
  });
  return (name) => void attempt(client().deleteAttribute(name));
}
