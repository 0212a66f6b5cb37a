import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { Bucket, CursorSchema, HeadsSchema, MessageKind } from "./gen.js";
import { Inbox } from "./inbox.js";
import { batch, low, lowCursor, message, texts } from "./testing/make.js";

const { WHITELIST, HIGH, LOW } = Bucket;

/** An inbox that has read LOW up to a sequence. */
function readUpTo(sequence: number): Inbox {
  const inbox = new Inbox();
  inbox.takePulled(batch([low(sequence)]), undefined);
  return inbox;
}

describe("Inbox", () => {
  it("begins at the latest without counting what was before as lost", () => {
    const intake = new Inbox().takePulled(batch([low(41), low(42)]), undefined);
    expect(texts(intake!.messages)).toEqual(["LOW 41", "LOW 42"]);
    expect(intake!.lost).toEqual({ [WHITELIST]: 0, [HIGH]: 0, [LOW]: 0 });
    expect(intake!.reset).toBe(false);
  });

  it("shows the buckets of a batch in order of time", () => {
    const messages = [message(WHITELIST, 1, 30), message(HIGH, 1, 20), low(1)];
    const intake = new Inbox().takePulled(batch(messages), undefined);
    expect(texts(intake!.messages)).toEqual(["LOW 1", "HIGH 1", "WHITELIST 1"]);
  });

  it("drops what it has seen", () => {
    const inbox = readUpTo(2);
    const intake = inbox.takePulled(batch([low(1), low(2), low(3)]), lowCursor(2));
    expect(texts(intake!.messages)).toEqual(["LOW 3"]);
    expect(intake!.lost[LOW]).toBe(0);
  });

  it("counts holes by sequence, each bucket by itself", () => {
    const inbox = new Inbox();
    const start = { epoch: "e1", high: 100n, highSequence: 5n, low: 20n, lowSequence: 2n };
    inbox.takePulled(batch([], { cursor: start }), undefined);
    const next = { epoch: "e1", high: 140n, highSequence: 9n, low: 60n, lowSequence: 6n };
    const intake = inbox.takePulled(
      batch([message(HIGH, 8, 130), message(HIGH, 9, 140), low(6)], { cursor: next }),
      inbox.cursor,
    );
    expect(intake!.lost).toEqual({ [WHITELIST]: 0, [HIGH]: 2, [LOW]: 3 });
  });

  it("counts what the cursor passed over although the batch is empty", () => {
    const intake = readUpTo(2).takePulled(batch([], { cursor: lowCursor(9) }), lowCursor(2));
    expect(intake!.lost[LOW]).toBe(7);
  });

  it("believes the server's count where its own place is unknown", () => {
    const inbox = new Inbox();
    inbox.takePulled(batch([], { cursor: { epoch: "e1", low: 20n } }), undefined);
    const intake = inbox.takePulled(batch([low(2), low(9)], { dropped: { low: 6n } }), inbox.cursor);
    expect(intake!.lost[LOW]).toBe(6);
    expect(texts(intake!.messages)).toEqual(["LOW 9"]);
  });

  it("merges stream and pull, whichever is first", () => {
    const inbox = readUpTo(1);
    const asked = inbox.cursor;
    expect(texts(inbox.takeInline(batch([low(2), low(3)]))!.messages)).toEqual(["LOW 2", "LOW 3"]);
    const pulled = batch([low(2)], { cursor: lowCursor(2) });
    const late = inbox.takePulled(pulled, asked);
    expect(late!.messages).toEqual([]);
    expect(late!.lost[LOW]).toBe(0);
    expect(inbox.cursor?.lowSequence).toBe(3n);
    expect(pulled.cursor).toEqual(lowCursor(2));
  });

  it("refuses an inline batch with an unexplained hole, and keeps its place", () => {
    const inbox = readUpTo(1);
    expect(inbox.takeInline(batch([low(5)]))).toBeUndefined();
    expect(inbox.cursor?.lowSequence).toBe(1n);
    const intake = inbox.takeInline(batch([low(5)], { dropped: { low: 3n } }));
    expect(intake!.lost[LOW]).toBe(3);
  });

  it("begins anew on resync and says so once", () => {
    const inbox = readUpTo(7);
    const asked = inbox.cursor;
    const cursor = lowCursor(2, "e2");
    const intake = inbox.takePulled(batch([low(2)], { cursor, resync: true }), asked);
    expect(intake).toMatchObject({ reset: true, lost: { [LOW]: 0 } });
    expect(texts(intake!.messages)).toEqual(["LOW 2"]);
    const next = inbox.takePulled(batch([low(3)], { cursor: lowCursor(3, "e2") }), inbox.cursor);
    expect(next!.reset).toBe(false);
  });

  it("ignores answers to a cursor of an epoch that it has left", () => {
    const inbox = readUpTo(7);
    const asked = inbox.cursor;
    inbox.takeInline(batch([low(1)], { cursor: lowCursor(1, "e2"), resync: true }));
    expect(inbox.takePulled(batch([low(8)]), asked)).toBeUndefined();
    expect(inbox.cursor?.epoch).toBe("e2");
  });

  it("goes on in another epoch where the stream led it", () => {
    const inbox = readUpTo(1);
    inbox.open();
    expect(texts(inbox.takeInline(batch([low(2)]))!.messages)).toEqual(["LOW 2"]);
    const moved = inbox.takeInline(batch([], { cursor: lowCursor(2, "e2") }));
    expect(moved).toMatchObject({ reset: false, messages: [], lost: { [LOW]: 0 } });
    expect(inbox.cursor).toEqual(lowCursor(2, "e2"));
    const intake = inbox.takeInline(batch([low(5)], { cursor: lowCursor(5, "e3"), dropped: { low: 2n } }));
    expect(intake).toMatchObject({ reset: false, lost: { [LOW]: 2 } });
  });

  it("refuses an inline batch of another epoch where it is elsewhere than the stream led it", () => {
    const elsewhere = batch([low(2)], { cursor: lowCursor(2, "e2") });
    expect(readUpTo(1).takeInline(elsewhere)).toBeUndefined();
    const pulled = readUpTo(0);
    pulled.open();
    pulled.takePulled(batch([low(1)]), pulled.ask());
    expect(pulled.takeInline(elsewhere)).toBeUndefined();
    const pulling = readUpTo(1);
    pulling.open();
    pulling.takeInline(batch([low(2)]), true);
    expect(pulling.takeInline(batch([low(3)], { cursor: lowCursor(3, "e2") }))).toBeUndefined();
  });

  it("goes on in another epoch by a pull from where it is", () => {
    const inbox = readUpTo(3);
    const asked = inbox.ask();
    const answer = batch([low(4)], { cursor: lowCursor(4, "e2") });
    const intake = inbox.takePulled(answer, asked);
    expect(intake).toMatchObject({ reset: false, lost: { [LOW]: 0 } });
    expect(texts(intake!.messages)).toEqual(["LOW 4"]);
    const other = readUpTo(3);
    other.takeInline(batch([low(4), low(5)]));
    expect(other.takePulled(answer, asked)).toBeUndefined();
    expect(other.cursor).toEqual(lowCursor(5));
  });

  it("reports recalls, and never shows the recall or the recalled", () => {
    const recall = message(WHITELIST, 1, 90, { kind: MessageKind.SYSTEM, recalls: 20n, text: "gone" });
    const messages = [recall, low(1), low(2), low(3, { recalled: true, text: "" })];
    const intake = new Inbox().takePulled(batch(messages), undefined);
    expect(intake!.recalls).toEqual([20n]);
    expect(texts(intake!.messages)).toEqual(["LOW 1"]);
  });

  it("knows when the room is further", () => {
    const inbox = readUpTo(3);
    const heads = (cursor: { epoch: string; low: bigint }) =>
      create(HeadsSchema, { cursor: create(CursorSchema, cursor) });
    expect(inbox.isBehind(heads({ epoch: "e1", low: 30n }))).toBe(false);
    expect(inbox.isBehind(heads({ epoch: "e1", low: 31n }))).toBe(true);
    expect(inbox.isBehind(heads({ epoch: "e2", low: 1n }))).toBe(true);
    expect(inbox.isBehind(undefined)).toBe(false);
  });

  it("loses nothing of any shuffled, repeated delivery that pulls fill up", () => {
    let seed = 7;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const inbox = readUpTo(1);
    const shown: bigint[] = [];
    let lost = 0;
    const room = (from: bigint, to: number) =>
      Array.from({ length: Math.max(0, to - Number(from)) }, (_, i) => low(Number(from) + 1 + i));
    for (let head = 2; head <= 400; head++) {
      const from = Math.max(1, head - Math.ceil(random() * 6));
      let intake = inbox.takeInline(batch(room(BigInt(from), head)));
      if (!intake) {
        const asked = inbox.cursor!;
        intake = inbox.takePulled(batch(room(asked.lowSequence, head)), asked);
      }
      shown.push(...intake!.messages.map((m) => m.sequence));
      lost += intake!.lost[LOW];
    }
    expect(shown).toEqual(Array.from({ length: 399 }, (_, i) => BigInt(i + 2)));
    expect(lost).toBe(0);
  });
});
