import { Code } from "@connectrpc/connect";
import type { Random } from "./backoff.js";
import { Backoff } from "./backoff.js";
import { type Failure, failureOf } from "./failure.js";
import { ErrorReason } from "./gen.js";
import { sleep } from "./time.js";

/** How often a call is made in all. */
const TRIES = 3;

/**
 * Makes a call that may safely be repeated, again where the server or the way to
 * it was away for a moment.
 */
export async function repeatable<T>(call: () => Promise<T>, random: Random): Promise<T> {
  const backoff = new Backoff(random);
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (tries === TRIES || !isPassing(failure)) throw thrown;
      await sleep(backoff.next(failure.retryAfter), new AbortController().signal);
    }
  }
}

/** The server away, or a failure that is not the server's own answer. */
function isPassing(failure: Failure): boolean {
  if (failure.tokenNeeded) return false;
  if (failure.code === Code.Unavailable) return true;
  const unsaid = failure.reason === ErrorReason.UNSPECIFIED;
  return unsaid && (failure.code === Code.Unknown || failure.code === Code.Internal);
}
