import { Backoff } from "./backoff.js";
import { ANSWER_WITHIN } from "./api.js";
import type { ServerClock } from "./clock.js";
import { Coalescer } from "./coalescer.js";
import { type Failure, failureOf } from "./failure.js";
import { type QuizFrame, ErrorReason } from "./gen.js";
import { QuizGame } from "./quiz-game.js";
import { QuizStage } from "./quiz-stage.js";
import { isPassing, retrying } from "./retry.js";
import { type RoomCalls, repeated } from "./room-calls.js";
import type { Link } from "./room-sync.js";
import { msOf } from "./time.js";

/** The first wait before an answer is given again, in ms at most: it counts for seconds only. */
const ANSWER_AGAIN = 100;
/** The longest such wait that nobody asked for. */
const ANSWER_AGAIN_MOST = 2_000;

/** What a page does with the room's quizzes. */
export interface QuizPlayer {
  /** The quiz as it is; undefined: there is none. */
  readonly game: QuizGame | undefined;
  /** Answers the current question: see Player. */
  answer(option: number): Promise<void>;
  /** Comes back into the quiz: see Player. */
  revive(): Promise<void>;
  /** Says where the video is: see Player. */
  videoAt(media: number): void;
}

/**
 * Follows the room's quizzes and plays them: shows each frame once and in its time, tells the
 * server which have come, and answers.
 */
export class Player implements QuizPlayer {
  #game: QuizGame | undefined;
  #stage: QuizStage;
  #link: Link | undefined;
  /** When the frame that was shown last was made. */
  #newest = 0n;
  /** Since when frames come as they are made, by the server's clock. */
  #since: number | undefined;
  #stay = new AbortController();
  #acknowledgements = new Coalescer(() => this.#acknowledge());

  /** `changed` is called when the game is another, or got further. */
  constructor(
    private readonly calls: RoomCalls,
    private readonly clock: Pick<ServerClock, "now" | "bound">,
    private readonly changed: (game: QuizGame | undefined) => void,
  ) {
    this.#stage = new QuizStage(clock, (frame) => this.#show(frame));
  }

  get game(): QuizGame | undefined {
    return this.#game;
  }

  /**
   * Answers the current question: option 1 is the first. The first answer counts, from whatever
   * device: see the game's choice. A call that does not get through is made again, and one that the
   * server is too busy for with the ticket that it gave: it then counts as of the first try.
   * Rejects when the server does not take it.
   */
  async answer(option: number): Promise<void> {
    const game = this.#game;
    if (!game?.mayAnswer(this.clock.now())) return;
    const { number } = game;
    const { signal } = this.#stay;
    game.choose(option);
    this.changed(game);
    try {
      const answer = await this.#submit(game.quizId, number, option, signal);
      game.answered(number, answer.option);
    } catch (thrown) {
      const { reason } = failureOf(thrown);
      game.unanswered(number);
      if (reason === ErrorReason.QUIZ_ANSWER_LATE) game.closed(number);
      if (reason === ErrorReason.QUIZ_NOT_PLAYING) game.excluded();
      throw thrown;
    } finally {
      this.#tell(game, signal);
    }
  }

  /** Spends a revive to come back in, where the game says that one may. */
  async revive(): Promise<void> {
    const game = this.#game;
    if (!game) return;
    const { quizId, number: questionNumber } = game;
    const { signal } = this.#stay;
    const request = { roomId: this.calls.roomId, quizId, questionNumber };
    const { standing } = await repeated(this.calls, (api) => api.quiz.useRevive(request));
    if (standing && game.number === questionNumber) game.stand(standing);
    this.#tell(game, signal);
  }

  /**
   * Says where the video is, in ms since 1970 of the server's clock as the stream carries them. Who
   * plays no video need not: each frame then shows at the latest moment at which everyone sees it.
   */
  videoAt(media: number): void {
    this.#stage.reached(BigInt(Math.round(media * 1_000)));
  }

  /** Tells the server over this link from now on what has come. */
  attach(link: Link): void {
    this.#link = link;
    this.#since ??= this.clock.now();
    if (this.#stage.isOwing) this.#acknowledgements.request();
  }

  /** Takes frames that came. */
  take(frames: readonly QuizFrame[]): void {
    for (const frame of frames) this.#stage.take(frame);
    if (this.#stage.isOwing) this.#acknowledgements.request();
  }

  /** The room began anew: what was shown is void, and comes again where it still is. */
  forget(): void {
    this.stop();
    this.#since = this.clock.now();
    this.#newest = 0n;
    if (this.#game) this.changed((this.#game = undefined));
  }

  /** Waits for nothing any more. */
  stop(): void {
    this.#stage.clear();
    this.#stay.abort();
    this.#stay = new AbortController();
  }

  #show(frame: QuizFrame): void {
    const known = this.#game?.quizId === frame.quizId ? this.#game : undefined;
    // A frame of the quiz before the one that is shown comes too late.
    if (!known && frame.serverAt < this.#newest) return;
    const game = known ?? new QuizGame(frame.quizId);
    const before = game.number;
    if (!game.take(frame, this.clock.now())) return;
    this.#game = game;
    if (frame.serverAt > this.#newest) this.#newest = frame.serverAt;
    this.changed(game);
    const isOld = msOf(frame.serverAt) < (this.#since ?? Infinity);
    const isNew = before === 0 && !game.isOver;
    if ((isOld && isNew) || (game.lacksQuestion && before !== game.number)) void this.#catchUp(game);
  }

  /** Asks for what happened before the viewer came. What fails is done without. */
  async #catchUp(game: QuizGame): Promise<void> {
    const { signal } = this.#stay;
    const request = { roomId: this.calls.roomId, quizId: game.quizId };
    const [quiz, standing] = await Promise.allSettled([
      repeated(this.calls, (api) => api.quiz.getQuiz(request)),
      repeated(this.calls, (api) => api.quiz.getStanding(request)),
    ]);
    game.catchUp(valueOf(quiz)?.quiz, valueOf(standing)?.standing);
    this.#tell(game, signal);
  }

  /** Says that a call has changed a game, if it is still followed. */
  #tell(game: QuizGame, stay: AbortSignal): void {
    if (!stay.aborted && game === this.#game) this.changed(game);
  }

  #submit(quizId: string, questionNumber: number, option: number, signal: AbortSignal) {
    const { roomId, random } = this.calls;
    let api = this.calls.api();
    let ticket = "";
    const worth = (failure: Failure): boolean => {
      ticket = failure.metadata.ticket || ticket;
      if (isPassing(failure)) api = this.calls.home();
      return isPassing(failure) || isCrowded(failure);
    };
    const call = () => {
      const request = { roomId, quizId, questionNumber, option, ticket, sessionId: this.calls.sessionId() };
      return api.quiz.submitAnswer(request, { signal, timeoutMs: ANSWER_WITHIN });
    };
    return retrying(call, worth, new Backoff(random, ANSWER_AGAIN, ANSWER_AGAIN_MOST), signal);
  }

  /** Says what has come. What fails is said when it comes again. */
  async #acknowledge(): Promise<void> {
    const link = this.#link;
    if (!link || link.signal.aborted) return;
    const { api, roomId, sessionId, signal } = link;
    while (this.#stage.isOwing && !signal.aborted) {
      const request = { roomId, sessionId, frameIds: this.#stage.debt() };
      await api.quiz.ackFrame(request, { signal, timeoutMs: ANSWER_WITHIN }).catch(() => {});
    }
  }
}

/** The server has no time for the call now, and says when. */
function isCrowded({ reason, retryAfter }: Failure): boolean {
  return reason === ErrorReason.QUIZ_BUSY || (reason === ErrorReason.LIMIT_EXCEEDED && retryAfter > 0);
}

function valueOf<T>(result: PromiseSettledResult<T>): T | undefined {
  return result.status === "fulfilled" ? result.value : undefined;
}
