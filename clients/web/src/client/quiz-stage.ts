import type { ServerClock } from "./clock.js";
import type { QuizFrame } from "./gen.js";
import { msOf } from "./time.js";

/** How many frame ids are remembered: far more than one quiz has. */
const REMEMBERED = 4_096;
/** How many frames one AckFrame may name. */
const ACKNOWLEDGED_AT_ONCE = 16;
/** Timers hold at most 2^31 - 1 ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Holds frames of a quiz until it is time to show them: when the video has come to them, and
 * at the latest at the instant that each names. Every frame is shown once, however often it
 * comes.
 */
export class QuizStage {
  #seen = new Set<string>();
  #owed = new Set<string>();
  #waiting: QuizFrame[] = [];
  /** Where the video is, by its own clock, in microseconds. */
  #video = 0n;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `show` is called with each frame in its time. */
  constructor(
    private readonly clock: Pick<ServerClock, "now" | "bound">,
    private readonly show: (frame: QuizFrame) => void,
  ) {}

  /** Takes a frame that came. One that has come before is owed again: the server has not heard. */
  take(frame: QuizFrame): void {
    // Tallies replace each other, and are not sent again.
    if (frame.body.case !== "tally") {
      this.#owed.add(frame.frameId);
      if (!this.#isFirst(frame.frameId) || this.#isOver(frame)) return;
    }
    this.#waiting.push(frame);
    this.#look();
  }

  /** Says where the video is: microseconds of the server's clock, as the stream carries them. */
  reached(media: bigint): void {
    this.#video = media;
    if (this.#waiting.length > 0) this.#look();
  }

  /** Takes ids that are to be acknowledged, as many as one call may name. */
  debt(): string[] {
    const ids = [...this.#owed].slice(0, ACKNOWLEDGED_AT_ONCE);
    for (const id of ids) this.#owed.delete(id);
    return ids;
  }

  /** Whether there are ids to acknowledge. */
  get isOwing(): boolean {
    return this.#owed.size > 0;
  }

  /** Forgets what waits and what was shown. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#owed.clear();
    this.#seen.clear();
  }

  #isFirst(id: string): boolean {
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    const [oldest] = this.#seen;
    if (this.#seen.size > REMEMBERED && oldest !== undefined) this.#seen.delete(oldest);
    return true;
  }

  /** Whether there is certainly no use in showing a frame. */
  #isOver({ expiresAt }: QuizFrame): boolean {
    return expiresAt > 0n && this.clock.now() - this.clock.bound > msOf(expiresAt);
  }

  /** Shows what is due, and looks again when the next one is. */
  #look(): void {
    clearTimeout(this.#timer);
    for (let due = this.#next(); due; due = this.#next()) this.show(due);
    const soonest = Math.min(...this.#waiting.map((frame) => this.#left(frame)));
    if (soonest < Infinity) this.#timer = setTimeout(() => this.#look(), Math.min(soonest, LONGEST_TIMER));
  }

  /** Takes the first frame that is to be shown now. */
  #next(): QuizFrame | undefined {
    const at = this.#waiting.findIndex((frame) => this.#isOnTime(frame) || this.#left(frame) === 0);
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0];
  }

  #isOnTime(frame: QuizFrame): boolean {
    return this.#video >= frame.mediaTimestamp;
  }

  /** How many whole ms a frame may still wait; our clock may be behind by its bound. */
  #left({ latestDisplayAt }: QuizFrame): number {
    return Math.max(0, Math.ceil(msOf(latestDisplayAt) - this.clock.now() - this.clock.bound));
  }
}
