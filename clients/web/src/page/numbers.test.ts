import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { GoalMeasure, GoalSchema } from "../client/index.js";
import { wordsOfGoal } from "./gift-board.js";
import { coins, counted, percent } from "./numbers.js";

describe("numbers", () => {
  it("have the words that go with them", () => {
    expect([0n, 1n, 2n].map(coins)).toEqual(["0 coins", "1 coin", "2 coins"]);
    expect(counted(1, "second")).toBe("1 second");
  });

  it("are parts of a whole, whatever their size", () => {
    const cases = [
      [0n, 10n],
      [1n, 3n],
      [10n, 10n],
      [20n, 10n],
      [1n, 0n],
      [-1n, 5n],
      [5n * 10n ** 14n, 10n ** 15n],
    ];
    expect(cases.map(([part, whole]) => percent(part!, whole!))).toEqual([0, 33.3, 100, 100, 0, 0, 50]);
  });
});

describe("wordsOfGoal", () => {
  it("says how far a goal is, in what it counts", () => {
    const goal = create(GoalSchema, { target: 500n, progress: 120n });
    expect(wordsOfGoal(goal)).toBe("120 of 500 coins");
    expect(wordsOfGoal({ ...goal, measure: GoalMeasure.GIFTS })).toBe("120 of 500 gifts");
    expect(wordsOfGoal({ ...goal, progress: 501n })).toBe("reached: 501 of 500 coins");
  });
});
