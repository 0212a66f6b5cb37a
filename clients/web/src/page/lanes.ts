/** How long a scrolling text takes from edge to edge, in ms. */
export const CROSSING = 9_000;
/** How long a fixed text stays, in ms. */
export const STAY = 4_000;
/** Least distance between two texts of a lane, in pixels. */
const GAP = 24;

interface Run {
  start: number;
  width: number;
}

/**
 * Lanes in which texts run from right to left, each crossing in the same time, so
 * that a longer one is faster. A text gets the first lane in which it meets nobody.
 */
export class ScrollLanes {
  #lanes: (Run | undefined)[] = [];

  /** The lane for a text of `width` that starts at `now`; undefined: none is free. */
  place(width: number, now: number, lanes: number, stage: number): number | undefined {
    this.#lanes.length = lanes;
    for (let lane = 0; lane < lanes; lane++) {
      const before = this.#lanes[lane];
      if (before && collides(before, width, now, stage)) continue;
      this.#lanes[lane] = { start: now, width };
      return lane;
    }
    return undefined;
  }
}

function collides(before: Run, width: number, now: number, stage: number): boolean {
  const age = now - before.start;
  const cleared = (CROSSING * (before.width + GAP)) / (stage + before.width);
  if (age < cleared) return true;
  // A faster text must not reach the left edge before the one ahead is gone.
  const reaches = (CROSSING * stage) / (stage + width);
  return age + reaches < CROSSING;
}

/** Lanes in which texts stand still for a while. */
export class FixedLanes {
  #freeAt: number[] = [];

  /** The lane for a text that appears at `now`; undefined: none is free. */
  place(now: number, lanes: number): number | undefined {
    for (let lane = 0; lane < lanes; lane++) {
      if ((this.#freeAt[lane] ?? 0) > now) continue;
      this.#freeAt[lane] = now + STAY;
      return lane;
    }
    return undefined;
  }
}
