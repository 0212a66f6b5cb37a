import { write } from "./elements.js";

/** How long a note stays, in ms. */
const STAYS = 8_000;

/** A few words about what was tried last. They go when something else is said, or after a while. */
export class Note {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly element: HTMLElement) {}

  /** Says the words; none clears it. */
  say(words: string): void {
    clearTimeout(this.#timer);
    write(this.element, words);
    if (words) this.#timer = setTimeout(() => write(this.element, ""), STAYS);
  }
}
