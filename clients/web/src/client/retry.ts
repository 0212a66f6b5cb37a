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
export function repeatable<T>(call: () => Promise<T>, random: Random): Promise<T> {
  const worth = (failure: Failure, tries: number) => tries < TRIES && isPassing(failure);
  return retrying(call, worth, new Backoff(random), new AbortController().signal);
}

/** Makes a call again for as long as what it fails with is worth it, and the signal lets it. */
export async function retrying<T>(
  call: () => Promise<T>,
  worth: (failure: Failure, tries: number) => boolean,
  backoff: Backoff,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (signal.aborted || !worth(failure, tries)) throw thrown;
      await sleep(backoff.next(failure.retryAfter), signal);
      if (signal.aborted) throw thrown;
    }
  }
}

/** The server away, or a failure that is not the server's own answer. */
export function isPassing(failure: Failure): boolean {
  if (failure.tokenNeeded) return false;
  if (failure.code === Code.Unavailable) return true;
  return failure.reason === ErrorReason.UNSPECIFIED && UNSAID.has(failure.code);
}

/** How calls fail that got no answer of the server's. */
const UNSAID: ReadonlySet<Code> = new Set([Code.Unknown, Code.Internal, Code.DeadlineExceeded]);
