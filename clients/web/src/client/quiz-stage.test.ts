import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { QuizStage } from "./quiz-stage.js";
import { asking, micros, quizFrame } from "./testing/fake-quiz.js";

/** How far the server's clock is ahead of ours. */
const AHEAD = 3_600_000;

let bound: number;
let shown: string[];
let stage: QuizStage;
const now = () => Date.now() + AHEAD;

beforeEach(() => {
  vi.useFakeTimers();
  bound = 0;
  shown = [];
  const clock = {
    now,
    get bound() {
      return bound;
    },
  };
  stage = new QuizStage(clock, (frame) => shown.push(frame.frameId));
});

afterEach(() => {
  stage.clear();
  vi.useRealTimers();
});

/** A frame that belongs to a moment of the video, and is shown so long from now at the latest. */
function frameFor(id: string, media: number, latest: number) {
  return asking(1, now(), {
    frameId: id,
    mediaTimestamp: micros(now() + media),
    latestDisplayAt: micros(now() + latest),
  });
}

describe("QuizStage", () => {
  it("shows at once what no video is to be matched with", () => {
    stage.take(asking(1, now(), { latestDisplayAt: micros(now() + 9_000) }));
    expect(shown).toEqual(["q/1/question"]);
  });

  it("shows a frame when the video comes to it", () => {
    const media = now() + 3_000;
    stage.take(frameFor("a", 3_000, 10_000));
    vi.advanceTimersByTime(8_000);
    stage.reached(micros(media - 1));
    expect(shown).toEqual([]);
    stage.reached(micros(media));
    expect(shown).toEqual(["a"]);
    vi.advanceTimersByTime(60_000);
    expect(shown).toEqual(["a"]);
  });

  it("shows frames in the end though the video stalls, each in its time", () => {
    stage.take(frameFor("late", 5_000, 20_000));
    stage.take(frameFor("soon", 3_000, 10_000));
    stage.reached(micros(now() + 1_000));
    vi.advanceTimersByTime(9_999);
    expect(shown).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(shown).toEqual(["soon"]);
    vi.advanceTimersByTime(10_000);
    expect(shown).toEqual(["soon", "late"]);
  });

  it("counts with a clock that may be behind", () => {
    bound = 400;
    stage.take(frameFor("a", 3_000, 1_000));
    vi.advanceTimersByTime(599);
    expect(shown).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(shown).toEqual(["a"]);
    bound = Infinity;
    stage.take(frameFor("b", 3_000, 60_000));
    expect(shown).toEqual(["a", "b"]);
  });

  it("shows a frame once, and owes it again each time that it comes", () => {
    const frame = asking(1, now());
    stage.take(frame);
    expect(stage.debt()).toEqual(["q/1/question"]);
    expect(stage.isOwing).toBe(false);
    stage.take(frame);
    stage.take(frame);
    expect(shown).toHaveLength(1);
    expect(stage.debt()).toEqual(["q/1/question"]);
  });

  it("does not show what is over, and owes it", () => {
    const frame = asking(1, now(), { expiresAt: micros(now() - 1_000) });
    bound = 2_000;
    stage.take(frame);
    expect(shown).toHaveLength(1); // it may not be over
    bound = 0;
    stage.take({ ...frame, frameId: "b" });
    expect(shown).toHaveLength(1);
    expect(stage.debt()).toEqual(["q/1/question", "b"]);
  });

  it("shows every tally, and owes none", () => {
    const tally = quizFrame(1, now(), { case: "tally", value: {} });
    stage.take(tally);
    stage.take(tally);
    expect(shown).toHaveLength(2);
    expect(stage.isOwing).toBe(false);
  });

  it("names no more in one acknowledgement than the server takes", () => {
    for (let n = 1; n <= 20; n++) stage.take(asking(n, now()));
    expect(stage.debt()).toHaveLength(16);
    expect(stage.debt()).toHaveLength(4);
  });
});
