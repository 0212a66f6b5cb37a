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

/** The timestamp that the cursor holds for a bucket. */
export function timestampIn(cursor: Cursor, bucket: RealBucket): bigint {
  switch (bucket) {
    case Bucket.WHITELIST:
      return cursor.whitelist;
    case Bucket.HIGH:
      return cursor.high;
    case Bucket.LOW:
      return cursor.low;
  }
}

/** The sequence that the cursor holds for a bucket; 0 where it is not known. */
export function sequenceIn(cursor: Cursor, bucket: RealBucket): bigint {
  switch (bucket) {
    case Bucket.WHITELIST:
      return cursor.whitelistSequence;
    case Bucket.HIGH:
      return cursor.highSequence;
    case Bucket.LOW:
      return cursor.lowSequence;
  }
}

/** How many entries of a bucket the server says were dropped. */
export function droppedIn(dropped: Dropped | undefined, bucket: RealBucket): bigint {
  if (!dropped) return 0n;
  switch (bucket) {
    case Bucket.WHITELIST:
      return dropped.whitelist;
    case Bucket.HIGH:
      return dropped.high;
    case Bucket.LOW:
      return dropped.low;
  }
}
