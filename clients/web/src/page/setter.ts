import { type RoomClient, failureOf } from "../client/index.js";
import { byId } from "./elements.js";
import { Note } from "./note.js";
import { sentenceOf } from "./sentences.js";

/** The form that sets an attribute; the function that it returns deletes one. */
export function setUpSetter(client: () => RoomClient): (key: string) => void {
  const key = byId<HTMLInputElement>("setter-key");
  const value = byId<HTMLInputElement>("setter-value");
  const note = new Note(byId("setter-note"));

  const attempt = async (change: Promise<unknown>): Promise<void> => {
    note.say("");
    try {
      await change;
    } catch (thrown) {
      note.say(sentenceOf(failureOf(thrown)));
    }
  };
  byId("setter").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = key.value.trim();
    if (name) void attempt(client().setAttribute(name, new TextEncoder().encode(value.value)));
  });
  return (name) => void attempt(client().deleteAttribute(name));
}
