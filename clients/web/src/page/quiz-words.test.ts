import { type MessageInitShape, create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import {
  FinishFrameSchema,
  OutcomeFrameSchema,
  PlayerStatus,
  QuestionOutcome,
  QuizGame,
} from "../client/index.js";
import { asking, micros, quizFrame } from "../client/testing/fake-quiz.js";
import { announcementOf, headingOf, wordsOfGame } from "./quiz-words.js";

const AT = 1_000_000;

function asked(): QuizGame {
  const game = new QuizGame("q");
  game.take(asking(2, AT), AT);
  return game;
}

function judged(outcome: QuestionOutcome, status = PlayerStatus.OUT, revivesLeft = 0, after = 0): string {
  const game = asked();
  const mayReviveUntilAt = status === PlayerStatus.REVIVABLE ? micros(AT + 5_000) : 0n;
  const tally = { remaining: 1_234n, evaluated: true };
  game.take(quizFrame(2, AT, { case: "reveal", value: { correctOptions: [1], tally } }), AT);
  const value = create(OutcomeFrameSchema, { outcome, status, revivesLeft, mayReviveUntilAt });
  game.take(quizFrame(2, AT, { case: "outcome", value }), AT);
  return wordsOfGame(game, AT + after);
}

function finished(finish: MessageInitShape<typeof FinishFrameSchema>): string {
  const game = asked();
  const value = create(FinishFrameSchema, finish);
  game.take(quizFrame(0, AT, { case: "finish", value }), AT);
  expect(headingOf(game)).toBe("The quiz is over");
  return wordsOfGame(game, AT);
}

const result = (winners: bigint, pot: bigint) =>
  create(FinishFrameSchema, { result: { winners, pot } }).result!;

describe("the words of a quiz", () => {
  it("go with a question from beginning to end", () => {
    const game = asked();
    expect(headingOf(game)).toBe("Question 2");
    expect(announcementOf(game, AT)).toBe("Question 2. 2? You have 10 seconds.");
    expect(wordsOfGame(game, AT)).toBe("Choose one.");
    expect(wordsOfGame(game, AT + 10_000)).toBe("Time is up.");
    game.choose(2);
    expect(wordsOfGame(game, AT)).toContain("Sending");
    game.answered(2, 2);
    expect(wordsOfGame(game, AT)).toBe("You answered “b”.");
    game.closed(2);
    expect(wordsOfGame(game, AT)).toBe("You answered “b”. The answer comes soon.");
  });

  it("say to who is out or never was in that they watch", () => {
    const game = asked();
    game.excluded();
    expect(wordsOfGame(game, AT)).toContain("not in this quiz");
  });

  it("say what a question did, and something else for each outcome", () => {
    const outcomes = Object.values(QuestionOutcome).filter((value) => typeof value === "number");
    const words = outcomes.map((outcome) => judged(outcome));
    expect(new Set(words).size).toBe(outcomes.length);
    for (const said of words) expect(said).toMatch(/1.?234 still in\.$/);
    expect(judged(QuestionOutcome.OUT_WRONG, PlayerStatus.REVIVABLE, 1)).toContain("You have 1 revive left.");
    const late = judged(QuestionOutcome.OUT_WRONG, PlayerStatus.REVIVABLE, 1, 5_000);
    expect(late).toMatch(/^Wrong: you are out\. /);
    expect(judged(QuestionOutcome.REVIVED_MISSED, PlayerStatus.PLAYING)).toContain(
      "You have no revive left.",
    );
    expect(judged(QuestionOutcome.OUT_MISSED, PlayerStatus.PLAYING)).toContain("you are back in");
  });

  it("say who won what", () => {
    expect(finished({ won: true, prize: 50n, result: result(2n, 100n) })).toBe(
      "You won 50 coins! 2 winners, 100 coins in the pot.",
    );
    expect(finished({ won: true, result: result(1n, 0n) })).toBe("You won! 1 winner.");
    expect(finished({ result: result(1n, 1n) })).toBe("1 winner, 1 coin in the pot.");
    expect(finished({ result: result(0n, 100n) })).toBe("Nobody won.");
  });

  it("say why it was called off", () => {
    const game = asked();
    game.take(quizFrame(0, AT, { case: "cancel", value: { reason: "Power cut." } }), AT);
    expect(headingOf(game)).toBe("The quiz was called off");
    expect(wordsOfGame(game, AT)).toBe("Power cut. There are no winners.");
  });
});
