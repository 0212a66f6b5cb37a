import { type Cursor, type Dropped, Bucket } from "./gen.js";

/** The buckets, highest first. */
export const BUCKETS = [Bucket.WHITELIST, Bucket.HIGH, Bucket.LOW] as const;

/** A bucket that a message can ride in. */
export type RealBucket = (typeof BUCKETS)[number];

/** One number for each bucket. */
export type PerBucket = Record<RealBucket, number>;

/** Zero for each bucket. */
export function perBucket(): PerBucket {
  return { [Bucket.WHITELIST]: 0, [Bucket.HIGH]: 0, [Bucket.LOW]: 0 };
}

/** The fields of a bucket: `name` of its timestamp and of its count of what was dropped, `sequence` of its sequence. */
const FIELDS = {
  [Bucket.WHITELIST]: { name: "whitelist", sequence: "whitelistSequence" },
  [Bucket.HIGH]: { name: "high", sequence: "highSequence" },
  [Bucket.LOW]: { name: "low", sequence: "lowSequence" },
} as const;

/** The timestamp that the cursor holds for a bucket. */
export function timestampIn(cursor: Cursor, bucket: RealBucket): bigint {
  return cursor[FIELDS[bucket].name];
}

/** The sequence that the cursor holds for a bucket; 0 where it is not known. */
export function sequenceIn(cursor: Cursor, bucket: RealBucket): bigint {
  return cursor[FIELDS[bucket].sequence];
}

/** Moves a cursor to where another one stands in a bucket. */
export function advance(cursor: Cursor, to: Cursor, bucket: RealBucket): void {
  const { name, sequence } = FIELDS[bucket];
  cursor[name] = to[name];
  cursor[sequence] = to[sequence];
}

/** How many entries of a bucket the server says were dropped. */
export function droppedIn(dropped: Dropped | undefined, bucket: RealBucket): bigint {
  return dropped?.[FIELDS[bucket].name] ?? 0n;
}
