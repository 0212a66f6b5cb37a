import type { GiftCounters } from "./gen.js";

/** What was given in the room, as of the latest settlement that was heard of, whichever way. */
export class GiftBoard {
  #counters: GiftCounters | undefined;

  /** The totals, givers and goals; undefined until they are known. */
  get counters(): GiftCounters | undefined {
    return this.#counters;
  }

  /** Takes counters, unless later ones are here; true: they are news. */
  take(counters: GiftCounters): boolean {
    const known = this.#counters;
    if (known && counters.revision < known.revision) return false;
    this.#counters = counters;
    return known === undefined || counters.revision > known.revision;
  }

  /** Forgets what was known: the room began anew, and counts from the beginning. */
  forget(): void {
    this.#counters = undefined;
  }
}
