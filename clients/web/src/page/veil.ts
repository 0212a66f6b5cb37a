import { type Stop, type StopReason, ErrorReason } from "../client/index.js";
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

  /** Lowers the veil. `wasThere`: the reader had been in the room. */
  lower(stop: Stop, roomId: string, wasThere: boolean): void {
    const { why } = stop;
    write(byId("veil-heading"), wordsOfState({ phase: "stopped", ...stop }).text);
    write(byId("veil-text"), sentenceOfStop(stop, roomId, wasThere));
    const wantsToken = FOR_WANT_OF_A_TOKEN.has(why) || stop.reason === ErrorReason.ROOM_FORBIDDEN;
    this.#form.hidden = !wantsToken;
    this.#again.hidden = wantsToken || why === "room-ended" || why === "banned" || isMisnamed(stop);
    byId("veil-demo").hidden = roomId === "demo" || !(why === "room-ended" || why === "refused");
    this.#veil.hidden = false;
    byId("room").inert = true;
    if (wantsToken) this.#token.focus();
  }

  /** Lifts the veil. */
  lift(): void {
    this.#veil.hidden = true;
    byId("room").inert = false;
  }
}

const FOR_WANT_OF_A_TOKEN = new Set<StopReason>(["token-needed", "token-refused", "token-expired"]);

/** A name that no room can have: trying again does not help. */
function isMisnamed({ why, reason }: Stop): boolean {
  return why === "refused" && reason === ErrorReason.INVALID_FIELD;
}
