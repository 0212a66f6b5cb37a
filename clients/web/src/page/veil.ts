import type { StopReason } from "../client/index.js";
import { byId, write } from "./elements.js";
import { sentenceOfStop, wordsOfState } from "./sentences.js";

/** What covers the room when there is nothing to follow: why, and what can be done. */
export class Veil {
  #veil = byId("veil");
  #form = byId<HTMLFormElement>("token-form");
  #token = byId<HTMLInputElement>("token");
  #again = byId<HTMLButtonElement>("again");

  /** `enter` is called with a token that somebody pasted, `again` when they want to try again. */
  constructor(enter: (token: string) => void, again: () => void) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const token = this.#token.value.trim();
      this.#token.value = "";
      if (token) enter(token);
    });
    this.#again.addEventListener("click", again);
  }

  /** Lowers the veil. */
  lower(why: StopReason, said: string, roomId: string): void {
    write(byId("veil-heading"), wordsOfState({ phase: "stopped", why, said }).text);
    write(byId("veil-text"), sentenceOfStop(why, said, roomId));
    const tokenNeeded = why === "token-needed";
    this.#form.hidden = !tokenNeeded;
    this.#again.hidden = tokenNeeded || why === "room-ended" || why === "banned";
    this.#veil.hidden = false;
    byId("room").inert = true;
    if (tokenNeeded) this.#token.focus();
  }

  /** Lifts the veil. */
  lift(): void {
    this.#veil.hidden = true;
    byId("room").inert = false;
  }
}
