import { Code, ConnectError } from "@connectrpc/connect";
import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Gift, GiftCountersSchema } from "./gen.js";
import { GiftBoard } from "./gift-board.js";
import { giftIn } from "./gift-message.js";
import { RoomClient } from "./room-client.js";
import { gift, gifted } from "./testing/fake-gifts.js";
import { FakeRoom } from "./testing/fake-room.js";
import { low, silent } from "./testing/make.js";

let room: FakeRoom;
let client: RoomClient;
let catalogue: Gift[];
let coins: bigint[];

beforeEach(() => {
  vi.useFakeTimers();
  room = new FakeRoom();
  room.heartbeat = 1_000_000;
  catalogue = [];
  coins = [];
  client = new RoomClient({
    roomId: "demo",
    dial: room.dial,
    tokens: { renewable: false, get: async () => ({ value: "t" }), invalidate: () => {} },
    observer: {
      ...silent,
      onCatalogue: (gifts) => void (catalogue = gifts),
      onGifts: (counters) => void coins.push(counters.coins),
    },
    random: () => 0.5,
  });
});

afterEach(() => {
  client.stop();
  vi.useRealTimers();
});

const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const counters = (revision: number, total: number) => ({ revision: BigInt(revision), coins: BigInt(total) });

async function start(): Promise<void> {
  void client.start();
  await pass();
  expect(room.streams).not.toHaveLength(0);
}

describe("giftIn", () => {
  it("reads a gift's own message, and no other", () => {
    const rose = gifted(1, { giftId: "rose", count: 3n });
    expect(giftIn(rose)).toMatchObject({ giftId: "rose", count: 3n });
    expect(giftIn(low(1))).toBeUndefined();
    expect(giftIn({ ...rose, contentType: "application/json" })).toBeUndefined();
    expect(giftIn({ ...rose, payload: new Uint8Array([255, 255]) })).toBeUndefined();
  });
});

describe("GiftBoard", () => {
  it("takes what is later, and says what is news", () => {
    const board = new GiftBoard();
    const take = (revision: number) => board.take(create(GiftCountersSchema, counters(revision, revision)));
    expect([2, 1, 2, 3].map(take)).toEqual([true, false, false, true]);
    expect(board.counters?.coins).toBe(3n);
    board.forget();
    expect(take(1)).toBe(true);
  });
});

describe("gifts", () => {
  it("are told of on coming in, and over the stream in whatever order", async () => {
    room.gifts.catalogue = [gift("rose", 10)];
    room.gifts.counters = counters(5, 50);
    await start();
    expect(catalogue.map(({ giftId }) => giftId)).toEqual(["rose"]);
    room.stream.send({ case: "counters", value: { gifts: counters(7, 70) } });
    room.stream.send({ case: "counters", value: { gifts: counters(6, 60) } });
    room.stream.send({ case: "counters", value: { online: { users: 1n } } });
    await pass();
    expect(coins).toEqual([50n, 70n]);
  });

  it("are counted from the beginning where the room begins anew, which may be said twice", async () => {
    room.gifts.counters = counters(5, 50);
    await start();
    room.gifts.counters = counters(1, 10);
    room.epoch = "e2";
    room.resync = true;
    room.stream.close();
    await pass(1_000);
    expect(coins).toEqual([50n, 10n]);
    room.stream.close();
    await pass(2_000);
    expect(coins).toEqual([50n, 10n]);
  });

  it("are asked for where there is no stream, when there is news", async () => {
    room.welcomes = false;
    await start();
    await pass(30_000);
    const asked = () => room.calls.filter((call) => call === "getGiftTotals").length;
    expect(asked()).toBe(0);
    room.resync = true;
    room.epoch = "e2"; // a log that began anew is news of everything
    room.gifts.counters = counters(9, 90);
    await pass(45_000);
    expect(asked()).toBe(1);
    expect(coins.at(-1)).toBe(90n);
  });
});

describe("the shop", () => {
  it("lists all pages, and says what one has", async () => {
    await start();
    room.gifts.catalogue = [gift("rose", 10), gift("rocket", 500)];
    expect((await client.shop.gifts()).map(({ giftId }) => giftId)).toEqual(["rose", "rocket"]);
    expect(await client.shop.balance()).toBe(100n);
  });

  it("pays once at the price that was shown, though the answer was lost", async () => {
    await start();
    room.failures.set("sendGift", new ConnectError("away", Code.Unavailable));
    const given = client.shop.give(gift("rose", 10), { count: 3, receiverId: "bob" });
    await pass(1_000);
    expect(await given).toMatchObject({ balance: 90n });
    const [first, second] = room.gifts.sent;
    expect(first).toMatchObject({
      roomId: "demo",
      giftId: "rose",
      count: 3,
      receiverId: "bob",
      expectedPrice: 10n,
    });
    expect(first!.requestId).not.toBe("");
    expect(second!.requestId).toBe(first!.requestId);
  });
});
