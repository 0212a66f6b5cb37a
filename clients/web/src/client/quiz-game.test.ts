import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import {
  type QuizFrame,
  FinishFrameSchema,
  OutcomeFrameSchema,
  PlayerStatus,
  QuestionOutcome,
  QuestionState,
  QuizSchema,
  QuizStandingSchema,
} from "./gen.js";
import { QuizGame } from "./quiz-game.js";
import { asking, micros, quizFrame } from "./testing/fake-quiz.js";

const AT = 1_000_000;

const close = (number: number) => quizFrame(number, AT, { case: "close", value: {} });
const reveal = (number: number) => {
  const tally = { answers: [1n, 5n, 0n], remaining: 5n, evaluated: true };
  return quizFrame(number, AT, { case: "reveal", value: { correctOptions: [2], tally } });
};
const outcome = (number: number, status: PlayerStatus, option = 0) => {
  const value = create(OutcomeFrameSchema, {
    status,
    option,
    revivesLeft: 1,
    outcome: QuestionOutcome.OUT_WRONG,
  });
  return quizFrame(number, AT, {
    case: "outcome",
    value: { ...value, mayReviveUntilAt: micros(AT + 5_000) },
  });
};
const finish = quizFrame(0, AT, {
  case: "finish",
  value: create(FinishFrameSchema, { won: true, prize: 7n }),
});

function after(...frames: QuizFrame[]): QuizGame {
  const game = new QuizGame("q");
  for (const frame of frames) game.take(frame, AT);
  return game;
}

describe("QuizGame", () => {
  it("goes through a question", () => {
    const game = after(asking(1, AT));
    expect(game).toMatchObject({
      phase: "asked",
      number: 1,
      choice: 0,
      question: { text: "1?", until: AT + 10_000 },
    });
    expect(game.mayAnswer(AT + 9_999)).toBe(true);
    expect(game.mayAnswer(AT + 10_000)).toBe(false);
    game.choose(2);
    expect(game.mayAnswer(AT)).toBe(false);
    game.answered(1, 2);
    expect(game).toMatchObject({ choice: 2, sending: false });
    game.take(close(1), AT);
    expect(game.phase).toBe("closed");
    game.take(reveal(1), AT);
    expect(game).toMatchObject({ phase: "revealed", correct: [2], tally: { remaining: 5n } });
    game.take(finish, AT);
    expect(game).toMatchObject({ phase: "finished", finish: { prize: 7n } });
    expect(game.take(asking(2, AT), AT)).toBe(false);
  });

  it("gives who sees a question late its window, and no more than there is", () => {
    const game = new QuizGame("q");
    game.take(asking(1, AT), AT + 4_000);
    expect(game.question?.until).toBe(AT + 10_000);
    const early = new QuizGame("q");
    early.take(asking(1, AT, { answerClosesAt: micros(AT + 30_000) }), AT + 4_000);
    expect(early.question?.until).toBe(AT + 14_000);
  });

  it("comes to the same whatever the order of a question's frames", () => {
    const frames = [asking(1, AT), close(1), reveal(1), outcome(1, PlayerStatus.OUT, 3)];
    const whole = after(...frames);
    for (const order of [
      [3, 2, 1, 0],
      [2, 0, 3, 1],
      [1, 3, 0, 2],
      [0, 0, 1, 2, 3, 3],
    ]) {
      const game = after(...order.map((i) => frames[i]!));
      const { phase, question, choice, correct, status } = game;
      expect({ phase, question, choice, correct, status }).toEqual({
        phase: "revealed",
        question: whole.question,
        choice: 3,
        correct: [2],
        status: PlayerStatus.OUT,
      });
    }
  });

  it("does not go back, but learns late how one came through", () => {
    const game = after(asking(1, AT), asking(2, AT));
    expect(game.take(reveal(1), AT)).toBe(false);
    expect(game.take(asking(1, AT), AT)).toBe(false);
    expect(game).toMatchObject({ number: 2, phase: "asked" });
    expect(game.take(outcome(1, PlayerStatus.OUT, 3), AT)).toBe(true);
    expect(game).toMatchObject({ number: 2, choice: 0, outcome: undefined, status: PlayerStatus.OUT });
    expect(game.mayAnswer(AT)).toBe(false);
    game.take(outcome(2, PlayerStatus.PLAYING), AT);
    game.take(outcome(1, PlayerStatus.OUT), AT);
    expect(game.status).toBe(PlayerStatus.PLAYING);
  });

  it("lets nobody come back once the next question is asked", () => {
    const game = after(asking(1, AT), outcome(1, PlayerStatus.REVIVABLE));
    expect(game.mayReviveUntil).toBe(AT + 5_000);
    game.take(asking(2, AT), AT);
    expect(game).toMatchObject({ mayReviveUntil: 0, status: PlayerStatus.OUT });
  });

  it("takes an answer back that does not count, and no other", () => {
    const game = after(asking(1, AT));
    game.choose(2);
    game.unanswered(1);
    expect(game).toMatchObject({ choice: 0, sending: false });
    game.choose(2);
    game.take(asking(2, AT), AT);
    game.choose(3);
    game.unanswered(1);
    game.answered(1, 2);
    expect(game).toMatchObject({ choice: 3, sending: true });
  });

  it("keeps out who the server says does not play", () => {
    const game = after(asking(1, AT));
    game.excluded();
    expect(game.mayAnswer(AT)).toBe(false);
  });

  it("catches up with what it did not see, and with nothing that is old", () => {
    const game = after(close(2));
    expect(game.lacksQuestion).toBe(true);
    const question = { text: "2?", options: ["a", "b"] };
    const quiz = create(QuizSchema, {
      rounds: [{ questionNumber: 2, question, state: QuestionState.CLOSED, answerClosesAt: micros(AT) }],
      rules: { entryQuestions: 1 },
    });
    const answers = [{ questionNumber: 2, option: 1 }];
    const standing = create(QuizStandingSchema, { status: PlayerStatus.PLAYING, revivesLeft: 2, answers });
    game.catchUp(quiz, standing);
    expect(game).toMatchObject({
      lacksQuestion: false,
      choice: 1,
      status: PlayerStatus.PLAYING,
      revivesLeft: 2,
    });
    game.take(outcome(2, PlayerStatus.OUT, 1), AT);
    game.catchUp(quiz, standing);
    expect(game.status).toBe(PlayerStatus.OUT);
  });

  it("takes a newcomer for a spectator only where nobody enters any more", () => {
    const standing = create(QuizStandingSchema, { status: PlayerStatus.SPECTATOR });
    const quiz = create(QuizSchema, { rules: { entryQuestions: 1 } });
    const first = after(asking(1, AT));
    first.catchUp(quiz, standing);
    expect(first.mayAnswer(AT)).toBe(true);
    const second = after(asking(2, AT));
    second.catchUp(quiz, standing);
    expect(second.mayAnswer(AT)).toBe(false);
  });
});
