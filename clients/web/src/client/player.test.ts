import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { failureOf } from "./failure.js";
import { ErrorDetailSchema, ErrorReason, PlayerStatus } from "./gen.js";
import { RoomClient } from "./room-client.js";
import { asking, quizFrame } from "./testing/fake-quiz.js";
import { FakeRoom } from "./testing/fake-room.js";
import { silent } from "./testing/make.js";

let room: FakeRoom;
let client: RoomClient;
let changes: number;

beforeEach(() => {
  vi.useFakeTimers();
  room = new FakeRoom();
  room.heartbeat = 1_000_000;
  changes = 0;
  client = new RoomClient({
    roomId: "demo",
    dial: room.dial,
    tokens: { renewable: false, get: async () => ({ value: "t" }), invalidate: () => {} },
    observer: { ...silent, onQuiz: () => void changes++ },
    random: () => 0.5,
  });
});

afterEach(() => {
  client.stop();
  vi.useRealTimers();
});

/** Lets everything happen that needs no more than this time. */
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const ask = (number: number) => room.stream.send({ case: "quiz", value: asking(number, Date.now()) });
const calls = (name: string) => room.calls.filter((call) => call === name).length;

async function start(): Promise<void> {
  void client.start();
  await pass();
  expect(room.streams).not.toHaveLength(0);
}

function refusal(reason: ErrorReason, metadata: Record<string, string> = {}): ConnectError {
  const code = reason === ErrorReason.QUIZ_BUSY ? Code.ResourceExhausted : Code.FailedPrecondition;
  return new ConnectError("no", code, undefined, [{ desc: ErrorDetailSchema, value: { reason, metadata } }]);
}

describe("a quiz", () => {
  it("is followed over the stream, and every frame acknowledged each time it comes", async () => {
    await start();
    ask(1);
    await pass();
    expect(client.player.game).toMatchObject({ number: 1, question: { text: "1?" } });
    expect(room.quiz.acknowledged).toEqual([["q/1/question"]]);
    const before = changes;
    ask(1);
    await pass();
    expect(changes).toBe(before);
    expect(room.quiz.acknowledged.flat()).toEqual(["q/1/question", "q/1/question"]);
    // It was there when the question was made: there is nothing to catch up with.
    expect(calls("getStanding")).toBe(0);
  });

  it("is found on coming in, with what was answered before", async () => {
    room.quizFrames = [asking(1, Date.now() - 1_000)];
    room.quiz.standing = { status: PlayerStatus.PLAYING, answers: [{ questionNumber: 1, option: 3 }] };
    await start();
    expect(client.player.game).toMatchObject({ number: 1, choice: 3, status: PlayerStatus.PLAYING });
    expect(calls("getStanding")).toBe(1);
    expect(room.quiz.acknowledged.flat()).toContain("q/1/question");
  });

  it("comes with pulls where there is no stream", async () => {
    room.welcomes = false;
    await start();
    await pass(5_000);
    room.quizFrames = [asking(1, Date.now())];
    await pass(1_000);
    expect(client.player.game?.number).toBe(1);
    expect(room.quiz.acknowledged.flat()).toContain("q/1/question");
  });

  it("asks for the words of a question that it sees only the end of", async () => {
    await start();
    const question = { text: "?", options: ["a", "b"] };
    room.quiz.quiz = { rounds: [{ questionNumber: 4, question }] };
    room.stream.send({ case: "quiz", value: quizFrame(4, Date.now(), { case: "close", value: {} }) });
    await pass();
    expect(client.player.game).toMatchObject({ phase: "closed", question: { text: "?" } });
  });

  it("gives way to the next one, and takes nothing of the one before", async () => {
    await start();
    const at = Date.now();
    ask(1);
    const other = asking(1, at + 5, { frameId: "r/1", quizId: "r" });
    const old = quizFrame(0, at + 1, { case: "cancel", value: {} });
    room.stream.send({ case: "quiz", value: other });
    room.stream.send({ case: "quiz", value: old });
    await pass();
    expect(client.player.game).toMatchObject({ quizId: "r", phase: "asked" });
  });

  it("is void where the room begins anew, and comes again where it still is", async () => {
    await start();
    ask(1);
    await pass();
    room.epoch = "e2";
    room.resync = true;
    room.stream.close();
    await pass(1_000);
    expect(client.player.game).toBeUndefined();
    ask(1); // it is made now: there is nothing to catch up with
    await pass();
    expect(client.player.game?.number).toBe(1);
    expect(calls("getStanding")).toBe(0);
    room.quizFrames = [asking(1, Date.now() - 100)];
    room.epoch = "e3";
    room.stream.close();
    await pass(2_000);
    expect(client.player.game?.number).toBe(1);
    expect(calls("getStanding")).toBe(1);
  });
});

describe("an answer", () => {
  it("counts as the server says", async () => {
    await start();
    ask(1);
    await pass();
    room.quiz.counts = 1;
    const answered = client.player.answer(2);
    expect(client.player.game).toMatchObject({ choice: 2, sending: true });
    await client.player.answer(3); // it is one too many
    await pass();
    await answered;
    expect(client.player.game).toMatchObject({ choice: 1, sending: false });
    expect(room.quiz.answers).toHaveLength(1);
    expect(room.quiz.answers[0]).toMatchObject({
      roomId: "demo",
      quizId: "q",
      questionNumber: 1,
      option: 2,
      ticket: "",
      sessionId: "s1",
    });
  });

  it("is given again with its ticket, and at home where an address is lost", async () => {
    room.endpoint = "https://b";
    await start();
    ask(1);
    await pass();
    const failures = [
      refusal(ErrorReason.QUIZ_BUSY, { ticket: "one" }),
      new ConnectError("away", Code.Unavailable),
      refusal(ErrorReason.QUIZ_BUSY),
    ];
    room.judge = (name) => (name === "submitAnswer" ? failures.shift() : undefined);
    const answered = client.player.answer(2);
    await pass(2_000);
    await answered;
    expect(room.quiz.answers.map(({ ticket }) => ticket)).toEqual(["", "one", "one", "one"]);
    expect(room.dialled.at(-1)).toBe("");
    expect(client.player.game).toMatchObject({ choice: 2, sending: false });
  });

  it.each([
    [ErrorReason.QUIZ_ANSWER_LATE, { phase: "closed", choice: 0 }],
    [ErrorReason.QUIZ_NOT_PLAYING, { phase: "asked", choice: 0, status: PlayerStatus.SPECTATOR }],
    [ErrorReason.QUIZ_TICKET_INVALID, { phase: "asked", choice: 0 }],
  ])("is not given again where it is refused: %s", async (reason, expected) => {
    await start();
    ask(1);
    await pass();
    room.failures.set("submitAnswer", refusal(reason));
    const failure = client.player.answer(2).catch(failureOf);
    await pass();
    expect(await failure).toMatchObject({ reason });
    expect(room.quiz.answers).toHaveLength(1);
    expect(client.player.game).toMatchObject(expected);
    expect(client.player.game?.mayAnswer(Date.now())).toBe(reason === ErrorReason.QUIZ_TICKET_INVALID);
  });

  it("is given up when the room is left", async () => {
    await start();
    ask(1);
    await pass();
    room.judge = (name) => (name === "submitAnswer" ? refusal(ErrorReason.QUIZ_BUSY) : undefined);
    const failure = client.player.answer(2).catch(failureOf);
    await pass(500);
    client.stop();
    await pass();
    expect(await failure).toMatchObject({ reason: ErrorReason.QUIZ_BUSY });
    const tries = room.quiz.answers.length;
    await pass(60_000);
    expect(room.quiz.answers).toHaveLength(tries);
  });
});

describe("a revive", () => {
  it("brings back in", async () => {
    await start();
    ask(1);
    const value = { status: PlayerStatus.REVIVABLE, mayReviveUntilAt: BigInt(Date.now() + 5_000) * 1_000n };
    room.stream.send({ case: "quiz", value: quizFrame(1, Date.now(), { case: "outcome", value }) });
    await pass();
    expect(client.player.game?.mayReviveUntil).toBeGreaterThan(Date.now());
    room.quiz.standing = { status: PlayerStatus.PLAYING };
    await client.player.revive();
    expect(client.player.game).toMatchObject({ status: PlayerStatus.PLAYING, mayReviveUntil: 0 });
    expect(room.quiz.revives[0]).toMatchObject({ roomId: "demo", quizId: "q", questionNumber: 1 });
  });
});
