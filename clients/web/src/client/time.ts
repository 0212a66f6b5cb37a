import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";

/** Milliseconds of a Duration, or `otherwise` where there is none. */
export function millis(duration: Duration | undefined, otherwise: number): number {
  return duration ? durationMs(duration) : otherwise;
}

/** An instant of the contract, Unix microseconds, as ms since 1970. */
export function msOf(micros: bigint): number {
  return Number(micros) / 1_000;
}

/** Resolves after `ms` (Infinity: never), or as soon as the signal aborts, whichever is first. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = ms < Infinity ? setTimeout(done, ms) : undefined;
    signal.addEventListener("abort", done);
  });
}

/** Calls `bite` once when nobody fed it for the time last given. */
export class Watchdog {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly bite: () => void) {}

  /** Starts the wait anew. */
  feed(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.bite, ms);
  }

  /** Ends the wait; a later feed begins another. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
