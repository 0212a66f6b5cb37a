import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Backoff, jittered } from "./backoff.js";
import { Coalescer } from "./coalescer.js";
import { Watchdog, sleep } from "./time.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("Backoff", () => {
  it("doubles the window up to its cap", () => {
    const backoff = new Backoff(() => 1, 500, 4_000);
    expect([1, 2, 3, 4, 5, 6].map(() => backoff.next())).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000]);
  });

  it("waits anything from nothing to the whole window", () => {
    expect(new Backoff(() => 0).next()).toBe(0);
    expect(new Backoff(() => 0.25, 800).next()).toBe(200);
  });

  it("waits out what the server asked for, then spreads", () => {
    expect(new Backoff(() => 0.5, 1_000).next(3_000)).toBe(4_500);
    expect(jittered(2_000, 60_000, () => 0.5)).toBe(32_000);
  });

  it("begins anew after success", () => {
    const backoff = new Backoff(() => 1, 500);
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(500);
  });
});

describe("Watchdog", () => {
  it("bites once nobody has fed it for the time given last", () => {
    const bite = vi.fn();
    const watchdog = new Watchdog(bite);
    watchdog.feed(100);
    vi.advanceTimersByTime(99);
    watchdog.feed(200);
    vi.advanceTimersByTime(199);
    expect(bite).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(bite).toHaveBeenCalledOnce();
  });

  it("does not bite when stopped", () => {
    const bite = vi.fn();
    const watchdog = new Watchdog(bite);
    watchdog.feed(100);
    watchdog.stop();
    vi.advanceTimersByTime(1_000);
    expect(bite).not.toHaveBeenCalled();
  });
});

describe("sleep", () => {
  it("ends in time, or when aborted, and leaves no timer", async () => {
    const abort = new AbortController();
    const woken = sleep(1_000, abort.signal);
    abort.abort();
    await woken;
    expect(vi.getTimerCount()).toBe(0);
    await sleep(1_000, abort.signal);
    const slept = sleep(1_000, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(1_000);
    await slept;
  });
});

describe("Coalescer", () => {
  it("runs one at a time, and once more for all who asked meanwhile", async () => {
    let running = 0;
    let runs = 0;
    const coalescer = new Coalescer(async () => {
      expect(++running).toBe(1);
      runs++;
      await sleep(100, new AbortController().signal);
      running--;
    });
    coalescer.request();
    await vi.advanceTimersByTimeAsync(50);
    for (let i = 0; i < 10; i++) coalescer.request();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(runs).toBe(2);
    coalescer.request();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(runs).toBe(3);
  });
});
