/** A source of numbers in [0, 1). */
export type Random = () => number;

/** Over how long those are spread at most who were told to wait, in ms. */
const SPREAD_MOST = 60_000;

/** A random moment of the window that begins `after` ms from now and is `width` ms wide. */
export function jittered(after: number, width: number, random: Random): number {
  return after + width * random();
}

/**
 * Exponential backoff with full jitter: the n-th wait is anything from 0 to
 * min(cap, base * 2^n), so that clients that failed together do not come back
 * together. A delay that the server asked for is waited out first.
 */
export class Backoff {
  #failures = 0;

  constructor(
    private readonly random: Random,
    private readonly base = 500,
    private readonly cap = 30_000,
  ) {}

  /**
   * The next wait in ms, no shorter than `atLeast`, which many may be told at once: they
   * are spread over as long again.
   */
  next(atLeast = 0): number {
    const width = Math.min(this.cap, this.base * 2 ** this.#failures);
    if (width < this.cap) this.#failures++;
    return jittered(atLeast, Math.max(width, Math.min(atLeast, SPREAD_MOST)), this.random);
  }

  /** Forgets the failures: something worked. */
  reset(): void {
    this.#failures = 0;
  }
}
