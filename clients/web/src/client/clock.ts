import { type Api, ANSWER_WITHIN } from "./api.js";
import { type Random, jittered } from "./backoff.js";
import { sleep } from "./time.js";

/** How many exchanges a measurement takes. */
const SAMPLES = 5;
/** How long a measurement is good for. */
const PERIOD = 180_000;

/** One exchange of clocks, in ms since 1970: sent and back by ours, received and answered by the server's. */
export interface ClockSample {
  sent: number;
  received: number;
  answered: number;
  back: number;
}

/** What to add to our clock to get the server's: the mean of both ways. */
export function offsetOf({ sent, received, answered, back }: ClockSample): number {
  return (received - sent + (answered - back)) / 2;
}

/** How far off the offset can be: half the time spent on the way. */
export function boundOf({ sent, received, answered, back }: ClockSample): number {
  return Math.max(0, back - sent - (answered - received)) / 2;
}

/** The sample with the tightest bound; of those alike, the latest. */
export function closest(samples: readonly ClockSample[]): ClockSample | undefined {
  let best: ClockSample | undefined;
  for (const sample of samples) if (!best || boundOf(sample) <= boundOf(best)) best = sample;
  return best;
}

/** Starts a sample; the function that it returns ends it with the server's two readings, in microseconds. */
export function startSample(): (received: bigint, answered: bigint) => ClockSample {
  const sent = Date.now();
  // Counted on from there, so that a step of our clock does not spoil the sample.
  const began = performance.now();
  return (received, answered) => ({
    sent,
    received: Number(received) / 1_000,
    answered: Number(answered) / 1_000,
    back: sent + (performance.now() - began),
  });
}

/** What is known of the server's clock. */
export class ServerClock {
  #best: ClockSample | undefined;
  #dueAt = 0;

  constructor(private readonly random: Random) {}

  /** What to add to Date.now() to get the server's clock, in ms; 0 until it is known. */
  get offset(): number {
    return this.#best ? offsetOf(this.#best) : 0;
  }

  /** How far off the offset can be, in ms; Infinity until it is known. */
  get bound(): number {
    return this.#best ? boundOf(this.#best) : Infinity;
  }

  /** The server's clock now, in ms since 1970, as far as it is known. */
  now(): number {
    return Date.now() + this.offset;
  }

  /** Goes by the best of these samples; by what it had where there are none. */
  take(samples: readonly ClockSample[]): void {
    this.#best = closest(samples) ?? this.#best;
  }

  /** Measures whenever the last measurement is no longer good, until the signal aborts. */
  async keep(feed: Api["feed"], signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const wait = this.#dueAt - Date.now();
      if (wait > 0) {
        await sleep(wait, signal);
        continue;
      }
      const samples = await exchange(feed, signal);
      this.take(samples);
      // A connection that ended before its first sample leaves it to the next one.
      if (samples.length === 0 && signal.aborted) return;
      this.#dueAt = Date.now() + jittered(PERIOD, PERIOD / 10, this.random);
    }
  }
}

/** Takes samples until one fails. */
async function exchange(feed: Api["feed"], signal: AbortSignal): Promise<ClockSample[]> {
  const samples: ClockSample[] = [];
  try {
    while (samples.length < SAMPLES) {
      const end = startSample();
      const request = { clientSentAt: BigInt(Date.now()) * 1_000n };
      const answer = await feed.syncClock(request, { signal, timeoutMs: ANSWER_WITHIN });
      samples.push(end(answer.receivedAt, answer.sentAt));
    }
  } catch {
    // What came before is what there is.
  }
  return samples;
}
