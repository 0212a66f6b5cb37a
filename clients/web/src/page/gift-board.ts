import { type GiftCounters, type Goal, GoalMeasure } from "../client/index.js";
import { byId, make, write } from "./elements.js";
import { coins, counted, figure, percent } from "./numbers.js";
import { onceAFrame } from "./once-a-frame.js";

/** How many of those who gave most are shown. */
const GIVERS = 5;

/** What was given in the room: the totals, who gave most, and the goals on the way. */
export class GiftBoard {
  #counters: GiftCounters | undefined;
  #draw = onceAFrame(() => this.#drawCounters());
  #goals = new Map<string, HTMLElement>();

  /** Shows what was given. */
  show(counters: GiftCounters): void {
    this.#counters = counters;
    this.#draw();
  }

  /** Whether there is anything to show. */
  get isEmpty(): boolean {
    const { gifts = 0n, goals = [] } = this.#counters ?? {};
    return gifts === 0n && goals.length === 0;
  }

  /** Takes everything off the screen. */
  clear(): void {
    this.#counters = undefined;
    this.#draw();
  }

  #drawCounters(): void {
    const { gifts = 0n, coins: worth = 0n, topGivers = [], goals = [] } = this.#counters ?? {};
    write(byId("gifts-total"), gifts > 0n ? `${figure(gifts)}, ${coins(worth)}` : "");
    byId("givers").hidden = topGivers.length === 0;
    byId("givers").replaceChildren(
      ...topGivers.slice(0, GIVERS).map((giver) => {
        const line = make("li");
        line.append(
          make("span", "who", giver.name || giver.userId),
          " ",
          make("span", "quiet", coins(giver.coins)),
        );
        return line;
      }),
    );
    this.#drawGoals(goals);
  }

  /** A goal keeps its element, so that its bar moves and what reads the page stays where it is. */
  #drawGoals(goals: Goal[]): void {
    const elements = goals.map((goal) => {
      const element = this.#goals.get(goal.goalId) ?? goalElement();
      this.#goals.set(goal.goalId, element);
      drawGoal(element, goal);
      return element;
    });
    const shown = new Set(goals.map(({ goalId }) => goalId));
    for (const id of this.#goals.keys()) if (!shown.has(id)) this.#goals.delete(id);
    byId("goals").hidden = goals.length === 0;
    byId("goals").replaceChildren(...elements);
  }
}

function goalElement(): HTMLElement {
  const element = make("li");
  const label = make("label");
  const bar = make("progress");
  bar.max = 100;
  label.append(make("span", "title"), make("span", "quiet reached"), bar);
  element.append(label);
  return element;
}

function drawGoal(element: HTMLElement, goal: Goal): void {
  const part = (selector: string) => element.querySelector<HTMLElement>(selector)!;
  write(part(".title"), goal.title);
  write(part(".reached"), wordsOfGoal(goal));
  element.querySelector("progress")!.value = percent(goal.progress, goal.target);
}

/** How far a goal is. */
export function wordsOfGoal({ progress, target, measure }: Goal): string {
  const wanted = measure === GoalMeasure.GIFTS ? counted(target, "gift") : coins(target);
  return progress >= target
    ? `reached: ${figure(progress)} of ${wanted}`
    : `${figure(progress)} of ${wanted}`;
}
