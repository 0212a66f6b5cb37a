import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { ErrorReason, SendResponseSchema, SendStatus } from "../client/gen.js";
import { failureOf } from "../client/failure.js";
import type { Stop } from "../client/index.js";
import { lengthNote } from "./message-length.js";
import { nextChoice } from "./moderation.js";
import { momentOf } from "./moment.js";
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

describe("moderation", () => {
  const until = new Date(2030, 0, 2, 3, 4).getTime();

  it("says who is banned until when and why, where that is known", () => {
    const banned = (stop: Partial<Stop>) =>
      sentenceOfStop({ why: "banned", said: "", ...stop }, "demo", true);
    expect(banned({})).toBe("A moderator has banned you.");
    expect(banned({ said: "banned from the room" })).toBe("A moderator has banned you.");
    expect(banned({ until })).toBe(`A moderator has banned you until ${momentOf(until)}.`);
    expect(banned({ until, said: "spam" })).toBe(
      `A moderator has banned you until ${momentOf(until)}: “spam”.`,
    );
    const kicked = { why: "kicked", said: "cool down" } as const;
    expect(sentenceOfStop(kicked, "demo", true)).toBe(
      "A moderator ended your session: “cool down”. You may come back.",
    );
  });

  it("says why a message was not sent, in words that name the end", () => {
    const failure = { ...failureOf(new Error("x")), until };
    const words = (reason: ErrorReason, more = {}) => sentenceOf({ ...failure, reason, ...more });
    expect(words(ErrorReason.MUTED)).toBe(`Not sent: you are muted until ${momentOf(until)}.`);
    expect(words(ErrorReason.MUTED, { metadata: { why: "caps lock" } })).toMatch(/: “caps lock”\.$/);
    expect(words(ErrorReason.MUTED, { until: undefined })).toBe("Not sent: you are muted.");
    expect(words(ErrorReason.BANNED)).toContain(momentOf(until));
    expect(words(ErrorReason.MESSAGE_REFUSED)).toContain("word list");
    expect(words(ErrorReason.LIMIT_EXCEEDED, { retryAfter: 1_200 })).toBe("Too fast. Wait 2 s.");
    expect(words(ErrorReason.USER_PROTECTED)).toContain("cannot be");
  });

  it("names the day of what does not end today", () => {
    const now = new Date(2030, 0, 2, 1, 0).getTime();
    expect(momentOf(until, now)).not.toContain("2030");
    expect(momentOf(until, now - 86_400_000)).toContain("2030");
  });

  it("says that the server is full", () => {
    expect(wordsOfState({ phase: "waiting", until: 0, full: true }).text).toContain("full");
    expect(wordsOfState({ phase: "waiting", until: 0 }).text).toBe("Reconnecting");
  });
});

describe("nextChoice", () => {
  it("goes into the list of choices, along it, and out", () => {
    expect(nextChoice("Enter", -1, 3)).toBe(2);
    expect(nextChoice("Enter", -1, 0)).toBeUndefined();
    expect(nextChoice("ArrowUp", -1, 3)).toBeUndefined();
    expect(nextChoice("Enter", 1, 3)).toBeUndefined();
    expect(["ArrowUp", "ArrowDown", "Home", "End", "Escape"].map((key) => nextChoice(key, 1, 3))).toEqual([
      0, 2, 0, 2, -1,
    ]);
    expect(nextChoice("ArrowUp", 0, 3)).toBe(0);
    expect(nextChoice("ArrowDown", 2, 3)).toBe(2);
  });
});

describe("fateOf", () => {
  it("knows what was refused from what only its sender sees", () => {
    const fate = (status: SendStatus) =>
      fateOf(create(SendResponseSchema, { status, retryAfter: durationFromMs(4_000) }));
    expect(fate(SendStatus.ACCEPTED)).toEqual({ words: "", refused: false, altered: "" });
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
