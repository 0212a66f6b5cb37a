import { clone, equals } from "@bufbuild/protobuf";
import {
  BUCKETS,
  type PerBucket,
  type RealBucket,
  advance,
  droppedIn,
  perBucket,
  sequenceIn,
  timestampIn,
} from "./buckets.js";
import { type Batch, type Cursor, type Heads, type Message, CursorSchema } from "./gen.js";

/** How many recalls are remembered, for messages that come after their recall. */
const RECALLS_KEPT = 1_000;

/** What a batch brought. */
export interface Intake {
  /** Messages not seen before, in order of timestamp, without recalled ones. */
  messages: Message[];
  /** Timestamps of messages to take off the screen. */
  recalls: bigint[];
  /** Entries that will never come. */
  lost: PerBucket;
  /** Everything before this intake is void: show only what it brings. */
  reset: boolean;
}

/**
 * The reader's side of a room's log: puts batches in order, drops what was seen
 * before by the sequence in its bucket, and counts what is missing. The sequences
 * have no holes, so the count needs no trust in anybody's arithmetic.
 */
export class Inbox {
  #cursor: Cursor | undefined;
  /** Where the server takes the reader of the stream to be; undefined: not certain. */
  #stream: Cursor | undefined;
  #voided = false;
  #recalled = new Set<bigint>();

  /** Where to go on; undefined: with the latest. */
  get cursor(): Cursor | undefined {
    return this.#cursor;
  }

  /** Where a stream that begins now goes on. */
  open(): Cursor | undefined {
    return (this.#stream = this.#cursor);
  }

  /** Where a pull that begins now goes on. By it the server may take the reader to be further. */
  ask(): Cursor | undefined {
    this.#stream = undefined;
    return this.#cursor;
  }

  /** Forgets the place: what comes next begins anew. */
  forget(): void {
    if (!this.#cursor) return;
    this.#cursor = undefined;
    this.#voided = true;
  }

  /** Says at once that what was shown is void, where it is and nobody was told yet. */
  takeReset(): Intake | undefined {
    return this.#voided ? this.#intake() : undefined;
  }

  /** Whether the room has got further than this inbox. */
  isBehind(heads: Heads | undefined): boolean {
    const room = heads?.cursor;
    if (!room) return false;
    const own = this.#cursor;
    if (!own || own.epoch !== room.epoch) return BUCKETS.some((b) => timestampIn(room, b) > 0n);
    return BUCKETS.some((b) => timestampIn(room, b) > timestampIn(own, b));
  }

  /**
   * Takes the answer to a pull. `asked` is the cursor that was handed in. Undefined:
   * it brings nothing, for it answers the cursor of an epoch that was left meanwhile,
   * or continues a cursor that was left in another epoch.
   */
  takePulled(batch: Batch, asked: Cursor | undefined): Intake | undefined {
    if (asked && asked.epoch !== this.#cursor?.epoch) return undefined;
    if (batch.resync) this.forget();
    else if (this.#leads(batch) && !this.#isAt(asked)) return undefined;
    return this.#take(batch);
  }

  /**
   * Takes a batch of the stream, or returns undefined where it does not continue
   * what is here: pull then, for the entries between may still be there. `asking`
   * says that a pull is under way.
   */
  takeInline(batch: Batch, asking = false): Intake | undefined {
    const from = this.#stream;
    this.#stream = asking ? undefined : batch.cursor;
    if (batch.resync) this.forget();
    else if (!this.#continues(batch, from)) return undefined;
    return this.#take(batch);
  }

  /**
   * Sequences show within one epoch whether a batch continues what is here. That one of
   * another epoch does, the server knows only of where the stream itself has led.
   */
  #continues(batch: Batch, from: Cursor | undefined): boolean {
    if (this.#leads(batch) && !this.#isAt(from)) return false;
    return BUCKETS.every((b) => this.#missing(batch, b) <= droppedIn(batch.dropped, b));
  }

  /** Whether a batch goes on in another epoch: it holds all that was read, at the same places. */
  #leads({ cursor }: Batch): boolean {
    return this.#cursor !== undefined && cursor !== undefined && cursor.epoch !== this.#cursor.epoch;
  }

  #isAt(cursor: Cursor | undefined): boolean {
    return cursor !== undefined && this.#cursor !== undefined && equals(CursorSchema, cursor, this.#cursor);
  }

  #take(batch: Batch): Intake {
    const intake = this.#intake();
    for (const b of BUCKETS) intake.lost[b] = Number(this.#missing(batch, b));
    const fresh = BUCKETS.flatMap((b) => this.#fresh(batch, b));
    for (const message of fresh) if (message.recalls) this.#recall(message.recalls, intake);
    intake.messages = fresh
      .filter((m) => !m.recalls && !m.recalled && !this.#recalled.has(m.timestamp))
      .sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
    if (batch.cursor) this.#cursor = this.#furthest(batch.cursor);
    return intake;
  }

  #intake(): Intake {
    const intake: Intake = { messages: [], recalls: [], lost: perBucket(), reset: this.#voided };
    if (this.#voided) this.#recalled.clear();
    this.#voided = false;
    return intake;
  }

  /** The sequence read of a bucket, or undefined where it cannot be known. */
  #read(bucket: RealBucket): bigint | undefined {
    if (!this.#cursor) return undefined;
    const sequence = sequenceIn(this.#cursor, bucket);
    return sequence === 0n && timestampIn(this.#cursor, bucket) > 0n ? undefined : sequence;
  }

  #fresh(batch: Batch, bucket: RealBucket): Message[] {
    const read = this.#read(bucket);
    const place = this.#cursor ? timestampIn(this.#cursor, bucket) : 0n;
    return batch.messages.filter(
      (m) => m.bucket === bucket && (read === undefined ? m.timestamp > place : m.sequence > read),
    );
  }

  /** Entries between what was read and where the batch ends that it does not bring. */
  #missing(batch: Batch, bucket: RealBucket): bigint {
    if (!this.#cursor) return 0n;
    const read = this.#read(bucket);
    if (read === undefined) return droppedIn(batch.dropped, bucket);
    const fresh = this.#fresh(batch, bucket);
    const last = fresh.at(-1)?.sequence ?? read;
    const end = batch.cursor ? sequenceIn(batch.cursor, bucket) : last;
    const reached = end > last ? end : last;
    return reached - read - BigInt(fresh.length);
  }

  #furthest(next: Cursor): Cursor {
    const own = this.#cursor;
    if (!own) return next;
    const merged = clone(CursorSchema, next);
    for (const b of BUCKETS) if (timestampIn(own, b) > timestampIn(next, b)) advance(merged, own, b);
    return merged;
  }

  #recall(timestamp: bigint, intake: Intake): void {
    intake.recalls.push(timestamp);
    this.#recalled.add(timestamp);
    if (this.#recalled.size <= RECALLS_KEPT) return;
    for (const oldest of this.#recalled) {
      this.#recalled.delete(oldest);
      return;
    }
  }
}
