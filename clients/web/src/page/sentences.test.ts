import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { ErrorReason, SendResponseSchema, SendStatus } from "../client/gen.js";
import { failureOf } from "../client/failure.js";
import { lengthNote } from "./message-length.js";
import { fateOf, sentenceOf, sentenceOfStop, wordsOfState } from "./sentences.js";

describe("sentenceOfStop", () => {
  it("thanks only who was there", () => {
    const stop = { why: "room-ended", said: "" } as const;
    expect(sentenceOfStop(stop, "demo", true)).toContain("Thank you");
    expect(sentenceOfStop(stop, "demo", false)).not.toContain("Thank you");
    expect(wordsOfState({ phase: "stopped", ...stop }).text).toBe("This room has ended");
  });

  it("never shows what the server says to developers", () => {
    for (const reason of Object.values(ErrorReason).filter((value) => typeof value === "number")) {
      const stop = { why: "refused", said: "validation error: room_id", reason } as const;
      const { text } = wordsOfState({ phase: "stopped", ...stop });
      expect(`${text} ${sentenceOfStop(stop, "demo", false)}`).not.toContain("validation");
      expect(sentenceOf({ ...failureOf(new Error("validation error")), reason })).not.toContain("validation");
    }
  });

  it("tells a token that is missing, refused and expired apart", () => {
    const words = (["token-needed", "token-refused", "token-expired"] as const).map((why) => {
      const { text } = wordsOfState({ phase: "stopped", why, said: "" });
      return `${text}: ${sentenceOfStop({ why, said: "" }, "demo", false)}`;
    });
    expect(new Set(words).size).toBe(3);
  });
});

describe("fateOf", () => {
  it("knows what was refused from what only its sender sees", () => {
    const fate = (status: SendStatus) =>
      fateOf(create(SendResponseSchema, { status, retryAfter: durationFromMs(4_000) }));
    expect(fate(SendStatus.ACCEPTED)).toEqual({ words: "", refused: false });
    expect(fate(SendStatus.DROPPED_RATE_LIMITED).refused).toBe(false);
    expect(fate(SendStatus.DROPPED_SLOW_MODE)).toMatchObject({ refused: true });
  });
});

describe("lengthNote", () => {
  it("counts code points, and only near the limit", () => {
    expect(lengthNote("a".repeat(8), 10)).toEqual({ text: "", over: false });
    expect(lengthNote("a".repeat(9), 10)).toEqual({ text: "9 of 10", over: false });
    expect(lengthNote("😀".repeat(8), 10)).toEqual({ text: "", over: false });
    expect(lengthNote("😀".repeat(11), 10)).toEqual({ text: "11 of 10", over: true });
    expect(lengthNote("a".repeat(11), undefined)).toEqual({ text: "", over: false });
  });
});
