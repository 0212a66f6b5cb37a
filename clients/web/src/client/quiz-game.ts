import {
  type FinishFrame,
  type OutcomeFrame,
  type Quiz,
  type QuizFrame,
  type QuizStanding,
  type QuizTally,
  PlayerStatus,
  QuestionState,
} from "./gen.js";
import { millis, msOf } from "./time.js";

/** How far a quiz is, for who follows it. */
export type QuizPhase = "asked" | "closed" | "revealed" | "finished" | "cancelled";

/** A question as viewers see it. Instants are the server's, in ms since 1970. */
export interface AskedQuestion {
  text: string;
  options: readonly string[];
  /** It is the quiz's last. */
  last: boolean;
  /** How many were still in before it; 0 for the first. */
  remaining: bigint;
  /** The application's own facts. */
  labels: Readonly<Record<string, string>>;
  /** Until when to let the viewer choose. */
  until: number;
}

/** Out, or never in: there is nothing to answer. */
const WATCHING: ReadonlySet<PlayerStatus> = new Set([
  PlayerStatus.OUT,
  PlayerStatus.REVIVABLE,
  PlayerStatus.SPECTATOR,
]);

/**
 * One quiz as a viewer goes through it: what its frames, the answers to calls and the reader's own
 * choice come to. It decides nothing by itself, and takes frames in any order.
 */
export class QuizGame {
  #phase: QuizPhase = "asked";
  #number = 0;
  #question: AskedQuestion | undefined;
  #choice = 0;
  #sending = false;
  #correct: readonly number[] = [];
  #tally: QuizTally | undefined;
  #outcome: OutcomeFrame | undefined;
  /** The question that the status follows from. */
  #judgedAt = 0;
  #status = PlayerStatus.UNSPECIFIED;
  #revivesLeft = 0;
  #mayReviveUntil = 0;
  #finish: FinishFrame | undefined;
  #reason = "";

  constructor(readonly quizId: string) {}

  /** How far it is. */
  get phase(): QuizPhase {
    return this.#phase;
  }

  /** The number of the current question. */
  get number(): number {
    return this.#number;
  }

  /** The current question; undefined where only what followed it was seen. */
  get question(): AskedQuestion | undefined {
    return this.#question;
  }

  /** The option that the viewer has chosen, 1 for the first; 0: none. */
  get choice(): number {
    return this.#choice;
  }

  /** The choice is on its way, and does not count yet. */
  get sending(): boolean {
    return this.#sending;
  }

  /** The right options, once they are revealed. */
  get correct(): readonly number[] {
    return this.#correct;
  }

  /** How everyone answered: once it is revealed; hosts and moderators see it grow. */
  get tally(): QuizTally | undefined {
    return this.#tally;
  }

  /** What the current question did to the viewer; undefined: nothing is known, or nothing was. */
  get outcome(): OutcomeFrame | undefined {
    return this.#outcome;
  }

  /** Where the viewer stands; UNSPECIFIED: nobody has said yet. */
  get status(): PlayerStatus {
    return this.#status;
  }

  /** Revives that the viewer may still spend. */
  get revivesLeft(): number {
    return this.#revivesLeft;
  }

  /** Until when the viewer may choose to come back in, in ms of the server's clock; 0: they may not. */
  get mayReviveUntil(): number {
    return this.#status === PlayerStatus.REVIVABLE ? this.#mayReviveUntil : 0;
  }

  /** How it ended, of a finished one. */
  get finish(): FinishFrame | undefined {
    return this.#finish;
  }

  /** Why it was cancelled; may be empty. */
  get reason(): string {
    return this.#reason;
  }

  /** It is finished or cancelled. */
  get isOver(): boolean {
    return this.#phase === "finished" || this.#phase === "cancelled";
  }

  /** Something is shown of a question whose words never came. */
  get lacksQuestion(): boolean {
    return !this.isOver && this.#number > 0 && this.#question === undefined;
  }

  /** Whether the viewer can choose an option, at an instant of the server's clock. */
  mayAnswer(now: number): boolean {
    if (this.#phase !== "asked" || this.#choice > 0 || WATCHING.has(this.#status)) return false;
    return this.#question !== undefined && now < this.#question.until;
  }

  /** Takes a frame that is shown at an instant of the server's clock; false: it changes nothing. */
  take(frame: QuizFrame, now: number): boolean {
    const { body, questionNumber } = frame;
    if (this.isOver) return false;
    if (body.case === "finish") return this.#end("finished", () => (this.#finish = body.value));
    if (body.case === "cancel") return this.#end("cancelled", () => (this.#reason = body.value.reason));
    if (body.case === "outcome") this.#judge(body.value, questionNumber);
    if (questionNumber < this.#number) return body.case === "outcome";
    if (questionNumber > this.#number) this.#begin(questionNumber);
    return this.#step(frame, now);
  }

  #step({ body, answerClosesAt }: QuizFrame, now: number): boolean {
    switch (body.case) {
      case "question": {
        if (this.#question) return false;
        const { answerWindow, ...question } = body.value;
        const closes = msOf(answerClosesAt);
        // Who sees it late still has the window, but not beyond the close.
        this.#question = { ...question, until: Math.min(closes, now + millis(answerWindow, Infinity)) };
        return true;
      }
      case "close":
        if (this.#phase !== "asked") return false;
        this.#phase = "closed";
        return true;
      case "reveal":
        this.#phase = "revealed";
        this.#correct = body.value.correctOptions;
        this.#tally = body.value.tally;
        return true;
      case "outcome":
        this.#outcome = body.value;
        this.#choice = body.value.option;
        this.#sending = false;
        return true;
      case "tally":
        if (this.#phase === "revealed") return false;
        this.#tally = body.value;
        return true;
      default:
        return false;
    }
  }

  /** The viewer has chosen, and the answer is on its way. */
  choose(option: number): void {
    this.#choice = option;
    this.#sending = true;
  }

  /** The answer to a question counts: this option, which may be another device's. */
  answered(question: number, option: number): void {
    if (question !== this.#number) return;
    this.#choice = option;
    this.#sending = false;
  }

  /** The answer to a question does not count. */
  unanswered(question: number): void {
    if (question === this.#number && this.#sending) this.answered(question, 0);
  }

  /** The server takes no more answers to a question. */
  closed(question: number): void {
    if (question === this.#number && this.#phase === "asked") this.#phase = "closed";
  }

  /** The server says that the viewer does not play. */
  excluded(): void {
    if (!WATCHING.has(this.#status)) this.#status = PlayerStatus.SPECTATOR;
  }

  /** The viewer stands so after the current question. */
  stand({ status, revivesLeft, mayReviveUntilAt }: QuizStanding): void {
    this.#status = status;
    this.#revivesLeft = revivesLeft;
    this.#mayReviveUntil = msOf(mayReviveUntilAt);
  }

  /** Learns what happened before the viewer came, where nothing newer has come since. */
  catchUp(quiz: Quiz | undefined, standing: QuizStanding | undefined): void {
    const round = quiz?.rounds.find(({ questionNumber }) => questionNumber === this.#number);
    if (round?.question && !this.#question) {
      const { text, options, labels } = round.question;
      const until = msOf(round.answerClosesAt);
      this.#question = { text, options, labels, last: round.last, remaining: 0n, until };
      if (round.state !== QuestionState.ASKED) this.closed(this.#number);
    }
    if (!standing) return;
    // While one still becomes a player, who has only just come may be taken for a spectator.
    const isTold =
      standing.status !== PlayerStatus.SPECTATOR || this.#number > (quiz?.rules?.entryQuestions ?? 100);
    if (this.#judgedAt === 0 && isTold) this.stand(standing);
    const answer = standing.answers.find(({ questionNumber }) => questionNumber === this.#number);
    if (answer && this.#choice === 0) this.#choice = answer.option;
  }

  #begin(number: number): void {
    this.#number = number;
    this.#phase = "asked";
    this.#question = undefined;
    this.#choice = 0;
    this.#sending = false;
    this.#correct = [];
    this.#tally = undefined;
    this.#outcome = undefined;
    // The next question ends the time to come back in.
    if (this.#status === PlayerStatus.REVIVABLE) this.#status = PlayerStatus.OUT;
  }

  #judge({ status, revivesLeft, mayReviveUntilAt }: OutcomeFrame, number: number): void {
    if (number < this.#judgedAt) return;
    this.#judgedAt = number;
    this.#status = status;
    this.#revivesLeft = revivesLeft;
    this.#mayReviveUntil = msOf(mayReviveUntilAt);
  }

  #end(phase: "finished" | "cancelled", how: () => unknown): boolean {
    this.#phase = phase;
    this.#sending = false;
    how();
    return true;
  }
}
