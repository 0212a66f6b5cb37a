import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { failureOf } from "./failure.js";
import { ErrorDetailSchema, ErrorReason, KickReason, Role } from "./gen.js";
import type { ConnectionState, RoomObserver } from "./observer.js";
import { RoomClient } from "./room-client.js";
import { FakeRoom } from "./testing/fake-room.js";
import { silent } from "./testing/make.js";

let room: FakeRoom;
let states: ConnectionState[];
let shown: number;
let client: RoomClient;

beforeEach(() => {
  vi.useFakeTimers();
  room = new FakeRoom();
  states = [];
  shown = 0;
  const observer: RoomObserver = {
    ...silent,
    onState: (state) => void states.push(state),
    onMessages: (messages) => void (shown += messages.length),
  };
  const tokens = { renewable: false, get: async () => ({ value: "t" }), invalidate: () => {} };
  client = new RoomClient({ roomId: "demo", dial: room.dial, tokens, observer, random: () => 0.5 });
});

afterEach(() => {
  client.stop();
  vi.useRealTimers();
});

/** Lets everything happen that needs no more than this time. */
const pass = (ms = 1) => vi.advanceTimersByTimeAsync(ms);

async function start(): Promise<void> {
  void client.start();
  await pass();
}

/** A refusal, as the server answers it. */
function refusal(reason: ErrorReason, facts: { until?: number; retryAfter?: number } = {}): ConnectError {
  const value = {
    reason,
    ...(facts.retryAfter && { retryAfter: durationFromMs(facts.retryAfter) }),
    metadata: { why: "be nice", ...(facts.until && { until: String(facts.until * 1_000) }) },
  };
  const code = reason === ErrorReason.LIMIT_EXCEEDED ? Code.ResourceExhausted : Code.PermissionDenied;
  return new ConnectError("refused", code, undefined, [{ desc: ErrorDetailSchema, value }]);
}

/** What a proxy answers that has no place. */
function turnedAway(retryAfter: string): ConnectError {
  return new ConnectError("HTTP 503", Code.Unavailable, { "Retry-After": retryAfter });
}

const stateNow = () => states.at(-1);

describe("a ban", () => {
  it("ends it for good, and says until when although the last frame does not", async () => {
    const until = Date.now() + 3_600_000;
    await start();
    room.judge = () => refusal(ErrorReason.BANNED, { until });
    room.stream.send({ case: "kicked", value: { reason: KickReason.BANNED, message: "banned" } });
    await pass();
    expect(stateNow()).toEqual({ phase: "stopped", why: "banned", said: "be nice", until });
    const calls = room.calls.length;
    await pass(3_600_000);
    client.wake();
    await pass(60_000);
    expect(room.calls).toHaveLength(calls);
  });

  it("is told at once, also where nobody can say until when", async () => {
    await start();
    room.judge = () => new ConnectError("away", Code.Unavailable);
    room.stream.send({ case: "kicked", value: { reason: KickReason.BANNED, message: "be nice" } });
    await pass();
    expect(stateNow()).toEqual({ phase: "stopped", why: "banned", said: "be nice" });
  });

  it("shuts out who comes", async () => {
    const until = Date.now() + 60_000;
    room.judge = () => refusal(ErrorReason.BANNED, { until });
    await start();
    expect(stateNow()).toEqual({ phase: "stopped", why: "banned", said: "be nice", until });
    expect(room.calls).toEqual(["join"]);
  });
});

describe("a kick by a moderator", () => {
  it("is not followed by coming back, unless the reader wants to", async () => {
    await start();
    room.stream.send({ case: "kicked", value: { reason: KickReason.MODERATED, mayReconnect: true } });
    await pass(3_600_000);
    expect(stateNow()).toMatchObject({ phase: "stopped", why: "kicked" });
    expect(room.streams).toHaveLength(1);
    await start();
    expect(stateNow()).toMatchObject({ phase: "live" });
  });
});

describe("what is sent", () => {
  it("fails once, with a reason, where moderation does not allow it", async () => {
    await start();
    const until = Date.now() + 600_000;
    for (const reason of [ErrorReason.MUTED, ErrorReason.BANNED, ErrorReason.MESSAGE_REFUSED]) {
      room.judge = (name) => (name === "send" ? refusal(reason, { until }) : undefined);
      const before = room.calls.filter((call) => call === "send").length;
      const failure = await client.send("hush").catch(failureOf);
      expect(failure).toMatchObject({ reason, until });
      expect(room.calls.filter((call) => call === "send")).toHaveLength(before + 1);
    }
  });

  it("comes back as moderation has altered it", async () => {
    await start();
    room.alteredText = "h***";
    expect(await client.send("hush")).toMatchObject({ alteredText: "h***" });
  });
});

describe("a full server", () => {
  const answers: [string, () => ConnectError][] = [
    ["limit", () => refusal(ErrorReason.LIMIT_EXCEEDED, { retryAfter: 3_000 })],
    ["proxy", () => turnedAway("3")],
    ["proxy with a date", () => turnedAway(new Date(Date.now() + 3_999).toUTCString())],
  ];
  for (const [name, answer] of answers) {
    for (const called of ["join", "subscribe", "pull"]) {
      it(`is asked again for as long as it takes, and never too soon: ${name}, ${called}`, async () => {
        const times: number[] = [];
        room.heartbeat = 1_000_000;
        room.judge = (call) => {
          if (call !== called || times.length === 8) return undefined;
          times.push(Date.now());
          return answer();
        };
        await start();
        if (called === "pull") room.say(1);
        await pass(2_000);
        client.wake(); // the page is looked at again: no reason to press in
        await pass(400_000);
        expect(times).toHaveLength(8);
        const waits = times.slice(1).map((time, i) => time - times[i]!);
        expect(Math.min(...waits)).toBeGreaterThanOrEqual(3_000);
        expect(Math.max(...waits)).toBeGreaterThan(4_000);
        expect(stateNow()).toMatchObject({ phase: "live" });
        if (called === "pull") expect(shown).toBe(1);
        else expect(states).toContainEqual(expect.objectContaining({ phase: "waiting", full: true }));
      });
    }
  }
});

describe("failureOf", () => {
  it("reads when to come again, and believes no nonsense", () => {
    const after = (value: string) => failureOf(turnedAway(value)).retryAfter;
    expect(after("7")).toBe(7_000);
    expect(after("99999999")).toBe(3_600_000);
    expect(after(new Date(Date.now() + 5_000).toUTCString())).toBeGreaterThan(3_000);
    for (const nonsense of ["", "soon", "-1", "Thu, 01 Jan 1970 00:00:00 GMT"])
      expect(after(nonsense)).toBe(0);
    // What the server itself says counts, and it says nothing.
    const own = new ConnectError("x", Code.Unavailable, { "Retry-After": "7" }, [
      { desc: ErrorDetailSchema, value: { reason: ErrorReason.DRAINING } },
    ]);
    expect(failureOf(own).retryAfter).toBe(0);
  });

  it("reads the end of a ban", () => {
    const ends = (until: string) =>
      failureOf(
        new ConnectError("x", Code.PermissionDenied, undefined, [
          { desc: ErrorDetailSchema, value: { reason: ErrorReason.BANNED, metadata: { until } } },
        ]),
      ).until;
    expect(ends("1767225600000000")).toBe(1_767_225_600_000);
    for (const nonsense of ["", "0", "-5", "soon", "1e3", "9".repeat(19)])
      expect(ends(nonsense)).toBeUndefined();
  });
});

describe("a moderator", () => {
  it("is one where the server says so, whatever the token does", async () => {
    room.role = Role.MODERATOR;
    expect(client.role).toBe(Role.UNSPECIFIED);
    await start();
    expect(client.role).toBe(Role.MODERATOR);
  });

  it("asks for each thing once, again where the server was away", async () => {
    await start();
    room.failures.set("mute", new ConnectError("away", Code.Unavailable));
    const muted = client.moderator.mute("bob", 600_000);
    await pass(1_000);
    await muted;
    await client.moderator.ban("bob");
    await client.moderator.kick("bob");
    await client.moderator.recall(5n);
    expect(room.sanctions.map(({ name }) => name)).toEqual(["mute", "ban", "kick", "recall"]);
    expect(room.sanctions[0]!.request).toMatchObject({
      roomId: "demo",
      userId: "bob",
      duration: { seconds: 600n },
      requestId: expect.stringMatching(/./),
    });
    const ban = room.sanctions[1]!.request;
    expect(ban).not.toHaveProperty("duration");
    expect(ban).toHaveProperty("requestId", expect.stringMatching(/./));
    expect(room.sanctions[3]!.request).toMatchObject({ timestamp: 5n });
  });

  it("is told what is in the way", async () => {
    await start();
    room.failures.set("ban", refusal(ErrorReason.USER_PROTECTED));
    const failure = await client.moderator.ban("host").catch(failureOf);
    expect(failure).toMatchObject({ reason: ErrorReason.USER_PROTECTED });
  });
});
