import { type MessageInitShape, create } from "@bufbuild/protobuf";
import {
  type Attribute,
  type AttributeChanges,
  type AttributeSnapshot,
  type Batch,
  type Cursor,
  type Message,
  AttributeChangesSchema,
  AttributeSchema,
  AttributeSnapshotSchema,
  BatchSchema,
  Bucket,
  CursorSchema,
  MessageSchema,
} from "../gen.js";
import type { RoomObserver } from "../observer.js";

/** A LOW message whose timestamp is ten times its sequence. */
export function low(sequence: number, more: MessageInitShape<typeof MessageSchema> = {}): Message {
  return message(Bucket.LOW, sequence, sequence * 10, more);
}

/** A message of any bucket. */
export function message(
  bucket: Bucket,
  sequence: number,
  timestamp: number,
  more: MessageInitShape<typeof MessageSchema> = {},
): Message {
  return create(MessageSchema, {
    bucket,
    sequence: BigInt(sequence),
    timestamp: BigInt(timestamp),
    text: `${Bucket[bucket]} ${sequence}`,
    ...more,
  } as MessageInitShape<typeof MessageSchema>);
}

/** A cursor that has read LOW up to a sequence. */
export function lowCursor(sequence: number, epoch = "e1"): Cursor {
  return create(CursorSchema, { epoch, low: BigInt(sequence * 10), lowSequence: BigInt(sequence) });
}

/** A batch; its cursor stands at the last LOW message unless given. */
export function batch(messages: Message[], more: MessageInitShape<typeof BatchSchema> = {}): Batch {
  const last = messages.findLast((m) => m.bucket === Bucket.LOW)?.sequence ?? 0n;
  return create(BatchSchema, {
    messages,
    cursor: lowCursor(Number(last)),
    ...more,
  } as MessageInitShape<typeof BatchSchema>);
}

/** An attribute with a text value. */
export function attribute(key: string, value: string, timestamp: number): Attribute {
  return create(AttributeSchema, {
    key,
    value: new TextEncoder().encode(value),
    timestamp: BigInt(timestamp),
  });
}

/** A snapshot that stands at a timestamp. */
export function snapshot(timestamp: number, attributes: Attribute[], epoch = "e1"): AttributeSnapshot {
  return create(AttributeSnapshotSchema, { attributes, timestamp: BigInt(timestamp), epoch });
}

/** A run of changes: an attribute is set, a text is a key that is gone. */
export function changes(after: number, timestamp: number, steps: (Attribute | string)[]): AttributeChanges {
  return create(AttributeChangesSchema, {
    after: BigInt(after),
    timestamp: BigInt(timestamp),
    changes: steps.map((step) =>
      typeof step === "string"
        ? { attribute: { key: step, timestamp: BigInt(timestamp) }, deleted: true }
        : { attribute: step },
    ),
  });
}

/** The texts of messages. */
export function texts(messages: Message[]): string[] {
  return messages.map((m) => m.text);
}

/** An observer that does nothing. */
export const silent: RoomObserver = {
  onState: () => {},
  onMessages: () => {},
  onRecalls: () => {},
  onAttributes: () => {},
  onOnline: () => {},
  onRoom: () => {},
  onCatalogue: () => {},
  onGifts: () => {},
  onQuiz: () => {},
  onTally: () => {},
};
