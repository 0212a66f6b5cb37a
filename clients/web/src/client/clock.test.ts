import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ServerClock, boundOf, closest, offsetOf } from "./clock.js";
import { FakeRoom } from "./testing/fake-room.js";

const slow = { sent: 0, received: 900, answered: 1_000, back: 1_100 };
const quick = { sent: 0, received: 510, answered: 520, back: 30 };

describe("closest", () => {
  it("is the sample with the shortest way there and back", () => {
    expect(closest([slow, quick, slow])).toBe(quick);
    expect(offsetOf(quick)).toBe(500);
    expect(boundOf(quick)).toBe(10);
  });

  it("is the latest of those alike, and none of none", () => {
    const later = { ...quick, sent: 5, back: 35 };
    expect(closest([quick, later])).toBe(later);
    expect(closest([])).toBeUndefined();
  });

  it("is off by no more than its bound, however the ways differ", () => {
    for (let i = 0; i < 1_000; i++) {
      const [offset, there, work, back] = [2e6, 1e3, 1e3, 1e3].map((most) =>
        Math.floor(Math.random() * most),
      );
      const received = there! + offset!;
      const sample = { sent: 0, received, answered: received + work!, back: there! + work! + back! };
      expect(Math.abs(offsetOf(sample) - offset!)).toBeLessThanOrEqual(boundOf(sample));
    }
  });
});

describe("ServerClock", () => {
  let room: FakeRoom;
  let clock: ServerClock;
  let connection: AbortController;

  beforeEach(() => {
    vi.useFakeTimers();
    room = new FakeRoom();
    clock = new ServerClock(() => 0);
    connection = new AbortController();
  });

  afterEach(() => {
    connection.abort();
    vi.useRealTimers();
  });

  const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
  const keep = () => void clock.keep(room.dial("").feed, connection.signal);

  it("knows nothing until it has measured", async () => {
    expect(clock).toMatchObject({ offset: 0, bound: Infinity });
    room.clockAhead = 3_600_000;
    keep();
    await pass();
    expect(clock).toMatchObject({ offset: 3_600_000, bound: 0 });
    expect(clock.now()).toBe(Date.now() + 3_600_000);
    expect(room.clockReads).toBe(5);
  });

  it("measures again after a while, not with every connection", async () => {
    keep();
    await pass();
    connection.abort();
    connection = new AbortController();
    keep();
    await pass(179_000);
    expect(room.clockReads).toBe(5);
    room.clockAhead = 1_000;
    await pass(2_000);
    expect(room.clockReads).toBe(10);
    expect(clock.offset).toBe(1_000);
  });

  it("goes by what it had where it cannot measure", async () => {
    clock.take([quick]);
    room.failures.set("syncClock", new Error("away"));
    keep();
    await pass();
    expect(clock).toMatchObject({ offset: 500, bound: 10 });
  });
});
