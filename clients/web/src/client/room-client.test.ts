import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Gift,
  type GiftCounters,
  Bucket,
  Delivery,
  ErrorDetailSchema,
  ErrorReason,
  KickReason,
  ReconnectReason,
} from "./gen.js";
import type { ConnectionState, RoomObserver, Tally } from "./observer.js";
import type { QuizGame } from "./quiz-game.js";
import { RoomClient } from "./room-client.js";
import { FakeRoom } from "./testing/fake-room.js";
import { attribute, batch, changes, low, lowCursor } from "./testing/make.js";
import { type Token, type TokenSource, TokenNeeded } from "./token.js";

/** Writes down what it hears. */
class Diary implements RoomObserver {
  states: ConnectionState[] = [];
  shown: number[] = [];
  resets = 0;
  recalls: bigint[] = [];
  values = new Map<string, string>();
  users = 0n;
  tally: Tally | undefined;

  onState = (state: ConnectionState) => void this.states.push(state);
  onMessages: RoomObserver["onMessages"] = (messages, reset) => {
    if (reset) this.resets++;
    if (reset) this.shown = [];
    this.shown.push(...messages.map((m) => Number(m.sequence)));
  };
  onRecalls = (timestamps: bigint[]) => void this.recalls.push(...timestamps);
  onAttributes: RoomObserver["onAttributes"] = (deltas) => {
    for (const { key, attribute } of deltas) {
      if (attribute) this.values.set(key, new TextDecoder().decode(attribute.value));
      else this.values.delete(key);
    }
  };
  onOnline: RoomObserver["onOnline"] = (online) => void (this.users = online.users);
  onRoom = () => {};
  catalogue: Gift[] = [];
  coins: bigint[] = [];
  game: QuizGame | undefined;
  onCatalogue = (gifts: Gift[]) => void (this.catalogue = gifts);
  onGifts = (counters: GiftCounters) => void this.coins.push(counters.coins);
  onQuiz = (game: QuizGame | undefined) => void (this.game = game);
  onTally: RoomObserver["onTally"] = (tally) => void (this.tally = { ...tally, lost: { ...tally.lost } });

  get state(): ConnectionState | undefined {
    return this.states.at(-1);
  }
}

const upTo = (n: number, from = 1) => Array.from({ length: n - from + 1 }, (_, i) => from + i);

let room: FakeRoom;
let diary: Diary;
let client: RoomClient;
let watched: boolean;
let tokens: TokenSource & { issued: number };

beforeEach(() => {
  vi.useFakeTimers();
  watched = true;
  room = new FakeRoom();
  diary = new Diary();
  tokens = {
    issued: 0,
    renewable: true,
    get: async (): Promise<Token> => ({ value: "t" }),
    invalidate: () => void tokens.issued++,
  };
  client = new RoomClient({
    roomId: "demo",
    dial: room.dial,
    tokens,
    observer: diary,
    watched: () => watched,
    random: () => 0.5,
  });
});

afterEach(() => {
  client.stop();
  vi.useRealTimers();
});

/** Lets everything happen that needs no more than this time. */
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

async function start(): Promise<void> {
  void client.start();
  await pass(1);
}

describe("RoomClient", () => {
  it("joins, shows the latest, and streams from there with its session", async () => {
    room.head = 3;
    await start();
    expect(diary.shown).toEqual([1, 2, 3]);
    expect(room.stream.request).toMatchObject({ sessionId: "s1", cursor: { lowSequence: 3n } });
    expect(diary.state).toEqual({ phase: "live", way: "notify" });
    expect(room.calls).toEqual(["join", "subscribe"]);
  });

  it("pulls until nothing is left when notified", async () => {
    await start();
    room.say(120);
    await pass();
    expect(diary.shown).toEqual(upTo(120));
    expect(room.pulls).toHaveLength(3);
    expect(room.pulls[0]).toMatchObject({ sessionId: "s1" });
  });

  it("fetches attributes alone when told of nothing else, and only where they are new", async () => {
    await start();
    room.attributes = [attribute("seat", "ada", 7)];
    room.attributesAt = 7;
    room.stream.send({ case: "notify", value: { heads: room.heads, attributes: true } });
    await pass();
    room.stream.send({ case: "notify", value: { heads: room.heads, attributes: true } });
    await pass();
    expect(diary.values.get("seat")).toBe("ada");
    expect(room.pulls).toHaveLength(0);
    expect(room.calls.filter((c) => c === "pullAttributes")).toHaveLength(1);
  });

  it("answers a notification of messages with a pull, also where nothing is lacking", async () => {
    await start();
    for (let i = 0; i < 3; i++) {
      room.stream.send({ case: "notify", value: { heads: room.heads, messages: true } });
      await pass();
    }
    expect(room.pulls).toHaveLength(3);
  });

  it("knows the server's clock from joining on, and measures it", async () => {
    room.clockAhead = 60_000;
    await start();
    expect(client.clock).toMatchObject({ offset: 60_000, bound: 0 });
    expect(room.clockReads).toBe(5);
  });

  it("counts what the ring has dropped", async () => {
    await start();
    room.oldest = 21;
    room.say(30);
    await pass();
    expect(diary.shown).toEqual(upTo(30, 21));
    expect(diary.tally?.lost[Bucket.LOW]).toBe(20);
  });

  it("takes inline batches, and pulls only what they skip", async () => {
    room.delivery = Delivery.INLINE;
    await start();
    room.head = 5;
    const heads = room.heads;
    room.stream.send({ case: "batch", value: { batch: batch([low(1), low(2)]), heads } });
    await pass();
    expect(room.pulls).toHaveLength(0);
    expect(diary.state).toEqual({ phase: "live", way: "inline" });
    room.stream.send({ case: "batch", value: { batch: batch([low(5)]), heads } });
    await pass();
    expect(diary.shown).toEqual([1, 2, 3, 4, 5]);
    expect(diary.tally?.lost[Bucket.LOW]).toBe(0);
    expect(room.pulls).toHaveLength(1);
  });

  it("pulls what a heartbeat shows to be missing", async () => {
    await start();
    room.head = 2;
    room.stream.send({ case: "heartbeat", value: { heads: room.heads } });
    await pass();
    expect(diary.shown).toEqual([1, 2]);
  });

  it("applies contiguous attribute changes, and pulls the rest", async () => {
    room.attributes = [attribute("seat", "empty", 5)];
    room.attributesAt = 5;
    await start();
    expect(diary.values.get("seat")).toBe("empty");
    const run = changes(5, 9, [attribute("seat", "ada", 9)]);
    room.attributesAt = 9;
    room.stream.send({ case: "batch", value: { attributes: run, heads: room.heads } });
    await pass();
    expect(diary.values.get("seat")).toBe("ada");
    expect(room.calls).not.toContain("pullAttributes");
    room.attributes = [attribute("seat", "bob", 30)];
    room.attributesAt = 30;
    const gap = changes(20, 30, [attribute("seat", "bob", 30)]);
    room.stream.send({ case: "batch", value: { attributes: gap, heads: room.heads } });
    await pass();
    expect(diary.values.get("seat")).toBe("bob");
    expect(room.calls.filter((c) => c === "pullAttributes")).toHaveLength(1);
  });

  it("gives up a silent stream after two heartbeats, and resumes session and cursor", async () => {
    await start();
    room.say(4);
    await pass(1_999);
    expect(room.streams).toHaveLength(1);
    await pass(1);
    expect(diary.state).toMatchObject({ phase: "waiting" });
    room.head = 6;
    await pass(250);
    expect(room.streams).toHaveLength(2);
    expect(room.stream.request).toMatchObject({ sessionId: "s1", cursor: { lowSequence: 4n } });
    expect(diary.shown).toEqual(upTo(6));
    expect(diary.tally?.reconnects).toBe(1);
    expect(room.calls.filter((c) => c === "join")).toHaveLength(1);
  });

  it("stays while heartbeats come", async () => {
    await start();
    for (let i = 0; i < 20; i++) {
      await pass(1_500);
      room.stream.send({ case: "heartbeat", value: { heads: room.heads } });
    }
    expect(room.streams).toHaveLength(1);
  });

  it("moves at the moment that Reconnect asks for, which waking does not hasten", async () => {
    await start();
    const value = { after: durationFromMs(4_000), jitter: durationFromMs(20_000), endpoint: "https://b" };
    room.stream.send({ case: "reconnect", value });
    await pass();
    client.wake();
    await pass(13_999);
    expect(room.streams).toHaveLength(1);
    await pass(1);
    expect(room.streams).toHaveLength(2);
    expect(room.dialled.at(-1)).toBe("https://b");
    expect(room.stream.request.sessionId).toBe("s1");
  });

  it("goes where JoinRoom says, and sends its messages there", async () => {
    room.endpoint = "https://b";
    await start();
    expect(room.dialled).toEqual(["", "https://b"]);
    await client.send("hello");
    expect(room.dialled.at(-1)).toBe("https://b");
  });

  it("leaves an address that nothing comes from for home, and streams there", async () => {
    room.endpoint = "https://b";
    room.welcomes = false;
    await start();
    expect(room.dialled.at(-1)).toBe("https://b");
    room.welcomes = true;
    await pass(5_001);
    expect(room.dialled.at(-1)).toBe("");
    expect(diary.state).toEqual({ phase: "live", way: "notify" });
    expect(room.pulls).toHaveLength(0);
  });

  it("leaves an address that falls silent for home", async () => {
    room.endpoint = "https://b";
    await start();
    await pass(3_000);
    expect(room.streams).toHaveLength(2);
    expect(room.dialled.at(-1)).toBe("");
    expect(room.stream.request.sessionId).toBe("s1");
  });

  it("goes home from a node that drains and names no other", async () => {
    room.endpoint = "https://b";
    await start();
    room.stream.send({ case: "reconnect", value: { reason: ReconnectReason.DRAIN } });
    await pass(1);
    expect(room.streams).toHaveLength(2);
    expect(room.dialled.at(-1)).toBe("");
  });

  it("sends by way of home what does not come through elsewhere", async () => {
    room.endpoint = "https://b";
    await start();
    room.failures.set("send", new ConnectError("away", Code.Unavailable));
    const sent = client.send("hello");
    await pass(1_000);
    await sent;
    expect(room.dialled.at(-1)).toBe("");
    expect(room.calls.filter((c) => c === "send")).toHaveLength(2);
  });

  it("backs off ever longer while the server is away, and is woken early", async () => {
    room.failures.set("join", new ConnectError("away", Code.Unavailable));
    await start();
    await pass(248);
    expect(room.calls).toEqual(["join"]);
    room.failures.set("join", new ConnectError("away", Code.Unavailable));
    await pass(2);
    expect(room.calls).toEqual(["join", "join"]);
    await pass(400);
    expect(room.calls).toHaveLength(2);
    client.wake();
    await pass(1);
    expect(diary.state).toEqual({ phase: "live", way: "notify" });
  });

  it("polls where Welcome does not come, then tries a stream again", async () => {
    room.welcomes = false;
    await start();
    await pass(5_000);
    expect(diary.state).toEqual({ phase: "live", way: "poll" });
    room.head = 3;
    await pass(500);
    expect(diary.shown).toEqual([1, 2, 3]);
    expect(diary.users).toBe(3n);
    expect(room.pulls.at(-1)).toMatchObject({ sessionId: "s1", wait: { seconds: 20n } });
    room.welcomes = true;
    await pass(60_000);
    expect(diary.state).toEqual({ phase: "live", way: "notify" });
  });

  it("rejoins when the session is gone, and goes on where it was", async () => {
    room.head = 2;
    await start();
    room.head = 100;
    const details = [{ desc: ErrorDetailSchema, value: { reason: ErrorReason.SESSION_NOT_FOUND } }];
    room.failures.set("subscribe", new ConnectError("gone", Code.NotFound, undefined, details));
    room.stream.close();
    await pass(2_000);
    expect(room.stream.request.sessionId).toBe("s2");
    expect(diary.shown).toEqual(upTo(100));
    expect(diary.tally?.lost[Bucket.LOW]).toBe(0);
  });

  it("begins anew when the log is another", async () => {
    room.head = 9;
    await start();
    Object.assign(room, { epoch: "e2", head: 2, resync: true });
    room.attributes = [attribute("seat", "new", 1)];
    room.attributesAt = 1;
    room.stream.close();
    await pass(1_000);
    expect(diary).toMatchObject({ resets: 1, shown: [1, 2] });
    expect(diary.values.get("seat")).toBe("new");
    expect(diary.tally).toMatchObject({ resyncs: 1, lost: { [Bucket.LOW]: 0 } });
  });

  it("clears the old log as soon as it knows of the new one, and asks for attributes once", async () => {
    room.head = 9;
    room.attributes = [attribute("seat", "old", 5), attribute("gone", "old", 5)];
    room.attributesAt = 5;
    await start();
    Object.assign(room, { epoch: "e2", head: 0, resync: true });
    room.attributes = [attribute("seat", "new", 5)];
    // The whole log, where a snapshot would do as well.
    room.answerAttributes = () => ({
      result: { case: "changes", value: changes(0, 5, room.attributes) },
      epoch: "e2",
    });
    room.stream.close();
    await pass(1_500);
    expect(diary).toMatchObject({ resets: 1, shown: [] });
    expect([...diary.values]).toEqual([["seat", "new"]]);
    expect(room.calls.filter((c) => c === "pullAttributes")).toHaveLength(1);
  });

  it("asks ever more slowly where the answers do not go with its map", async () => {
    await start();
    room.answerAttributes = () => ({
      result: { case: "changes", value: changes(40, 50, [attribute("seat", "ada", 50)]) },
      epoch: "e1",
    });
    room.attributesAt = 50;
    room.stream.send({ case: "notify", value: { heads: room.heads, attributes: true } });
    await pass(1_900);
    const asked = room.calls.filter((c) => c === "pullAttributes").length;
    expect(asked).toBeGreaterThan(1);
    expect(asked).toBeLessThan(6);
    room.attributes = [attribute("seat", "ada", 50)];
    room.answerAttributes = undefined;
    for (let i = 0; i < 20; i++) {
      room.stream.send({ case: "heartbeat", value: { heads: room.heads } });
      await pass(500);
    }
    expect(diary.values.get("seat")).toBe("ada");
  });

  it("takes its time where pulls promise more and bring nothing", async () => {
    await start();
    room.pullLimit = 0;
    room.say(3);
    await pass(1_000);
    expect(room.pulls.length).toBeLessThan(7);
    room.pullLimit = 50;
    await pass(500);
    expect(diary.shown).toEqual([1, 2, 3]);
  });

  it("takes its time where polls promise more and bring nothing", async () => {
    room.welcomes = false;
    await start();
    await pass(5_000);
    expect(diary.state).toEqual({ phase: "live", way: "poll" });
    room.pullLimit = 0;
    room.head = 3;
    const before = room.pulls.length;
    await pass(1_000);
    expect(room.pulls.length - before).toBeGreaterThan(1);
    expect(room.pulls.length - before).toBeLessThan(7);
    room.pullLimit = 50;
    await pass(500);
    expect(diary.shown).toEqual([1, 2, 3]);
  });

  it("counts an outage once, however many tries it takes to come back", async () => {
    await start();
    const away = () => room.failures.set("subscribe", new ConnectError("away", Code.Unavailable));
    away();
    room.stream.close();
    await pass(260);
    away();
    await pass(600);
    expect(room.calls.filter((c) => c === "subscribe").length).toBeGreaterThan(2);
    await pass(1_000);
    expect(diary.state).toMatchObject({ phase: "live" });
    expect(diary.tally?.reconnects).toBe(1);
  });

  it("begins anew when an inline batch says so", async () => {
    room.delivery = Delivery.INLINE;
    room.head = 9;
    await start();
    room.epoch = "e2";
    const anew = batch([low(1)], { cursor: lowCursor(1, "e2"), resync: true });
    room.stream.send({ case: "batch", value: { batch: anew, heads: room.heads } });
    await pass();
    expect(diary).toMatchObject({ resets: 1, shown: [1] });
  });

  it("stops for good when kicked, and when the room ends", async () => {
    await start();
    const kick = { reason: KickReason.MODERATED, message: "enough" };
    room.stream.send({ case: "kicked", value: kick });
    await pass(60_000);
    expect(diary.state).toEqual({ phase: "stopped", why: "kicked", said: "enough" });
    await start();
    room.stream.send({ case: "roomEnded", value: {} });
    await pass(60_000);
    expect(diary.state).toEqual({ phase: "stopped", why: "room-ended", said: "" });
    expect(room.streams).toHaveLength(2);
  });

  it("comes back at once when kicked as offline while somebody watches", async () => {
    await start();
    room.stream.send({ case: "kicked", value: { reason: KickReason.OFFLINE, mayReconnect: true } });
    await pass(500);
    expect(room.stream.request.sessionId).toBe("s2");
  });

  it("lies dormant when kicked as offline and nobody watches, until woken", async () => {
    watched = false;
    await start();
    room.stream.send({ case: "kicked", value: { reason: KickReason.OFFLINE, mayReconnect: true } });
    await pass(600_000);
    expect(diary.state).toEqual({ phase: "dormant" });
    client.wake();
    await pass(500);
    expect(room.stream.request.sessionId).toBe("s2");
  });

  it("is woken also by who hears that it waits", async () => {
    const write = diary.onState;
    diary.onState = (state) => {
      write(state);
      if (state.phase === "waiting" || state.phase === "dormant") client.wake();
    };
    watched = false;
    room.failures.set("join", new ConnectError("away", Code.Unavailable));
    await start();
    expect(room.streams).toHaveLength(1);
    room.stream.send({ case: "kicked", value: { reason: KickReason.OFFLINE, mayReconnect: true } });
    await pass(1);
    expect(room.stream.request.sessionId).toBe("s3");
  });

  it("is stopped while it lies dormant", async () => {
    watched = false;
    let over = false;
    void client.start().then(() => (over = true));
    await pass(1);
    room.stream.send({ case: "kicked", value: { reason: KickReason.OFFLINE, mayReconnect: true } });
    await pass(1_000);
    expect(diary.state).toEqual({ phase: "dormant" });
    client.stop();
    await pass(1);
    expect(over).toBe(true);
    expect(diary.state).toEqual({ phase: "dormant" });
  });

  it("renews a token before it expires without losing the session", async () => {
    let renewAt = Date.now() + 1_500;
    tokens.get = async () => ({ value: "t", renewAt });
    await start();
    renewAt += 3_600_000;
    await pass(1_600);
    expect(room.streams).toHaveLength(2);
    expect(room.stream.request.sessionId).toBe("s1");
    expect(diary.tally?.reconnects ?? 0).toBe(0);
  });

  it("keeps its session when the token has expired", async () => {
    await start();
    room.stream.send({ case: "kicked", value: { reason: KickReason.TOKEN_EXPIRED, mayReconnect: true } });
    await pass(500);
    expect(tokens.issued).toBe(1);
    expect(room.stream.request.sessionId).toBe("s1");
    expect(room.calls.filter((c) => c === "join")).toHaveLength(1);
    expect(diary.state).toEqual({ phase: "live", way: "notify" });
  });

  it("renews a refused token, and asks where there is none", async () => {
    room.failures.set("subscribe", new ConnectError("expired", Code.Unauthenticated));
    await start();
    await pass(1_000);
    expect(tokens.issued).toBe(1);
    expect(diary.state).toEqual({ phase: "live", way: "notify" });
    expect(diary.tally?.reconnects ?? 0).toBe(0);
    tokens.get = () => Promise.reject(new TokenNeeded());
    room.stream.close();
    await pass(1_000);
    expect(diary.state).toMatchObject({ phase: "stopped", why: "token-needed" });
  });

  it("retries a pull that failed in passing, and gives up on one that cannot succeed", async () => {
    await start();
    room.failures.set("pull", new ConnectError("away", Code.Unavailable));
    room.say(2);
    await pass(1_000);
    expect(diary.shown).toEqual([1, 2]);
    room.failures.set("pull", new ConnectError("no", Code.PermissionDenied));
    room.say(1);
    await pass(1_000);
    expect(diary.state).toMatchObject({ phase: "stopped", why: "refused", said: "no" });
  });

  it("sends the same message again where the way was cut", async () => {
    room.failures.set("send", new ConnectError("cut", Code.Unavailable));
    const sent = client.send("hello", "mine");
    await pass(1_000);
    expect((await sent).epoch).toBe("mine");
    expect(room.calls).toEqual(["send", "send"]);
  });
});
