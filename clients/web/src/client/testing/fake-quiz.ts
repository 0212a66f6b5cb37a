import { type MessageInitShape, create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter } from "@connectrpc/connect";
import {
  type QuizFrame,
  type SubmitAnswerRequest,
  type UseReviveRequest,
  QuizFrameSchema,
  QuizSchema,
  QuizService,
  QuizStandingSchema,
} from "../gen.js";

/** A room's quiz. Tests turn its knobs. */
export class FakeQuiz {
  quiz: MessageInitShape<typeof QuizSchema> = {};
  standing: MessageInitShape<typeof QuizStandingSchema> = {};
  /** The option that counts, instead of the one that is sent. */
  counts = 0;
  /** The ids of frames that were acknowledged, one list for each call. */
  readonly acknowledged: string[][] = [];
  readonly answers: SubmitAnswerRequest[] = [];
  readonly revives: UseReviveRequest[] = [];

  /** Serves it; `called` hears of each call, and may throw. */
  serve({ service }: ConnectRouter, called: (name: string) => void): void {
    service(QuizService, {
      getQuiz: () => {
        called("getQuiz");
        return { quiz: this.quiz };
      },
      getStanding: () => {
        called("getStanding");
        return { standing: this.standing };
      },
      submitAnswer: (request) => {
        this.answers.push(request);
        called("submitAnswer");
        return { option: this.counts || request.option, duplicate: this.counts > 0 };
      },
      useRevive: (request) => {
        this.revives.push(request);
        called("useRevive");
        return { standing: this.standing };
      },
      ackFrame: ({ frameIds }) => {
        this.acknowledged.push(frameIds);
        called("ackFrame");
        return {};
      },
    });
  }
}

type FrameShape = MessageInitShape<typeof QuizFrameSchema>;

/** A frame of question `number` of the quiz "q", made at an instant of the server's clock in ms. */
export function quizFrame(
  number: number,
  at: number,
  body: NonNullable<FrameShape["body"]>,
  more: FrameShape = {},
): QuizFrame {
  return create(QuizFrameSchema, {
    frameId: `q/${number}/${body.case}`,
    quizId: "q",
    questionNumber: number,
    serverAt: micros(at),
    answerClosesAt: micros(at + 10_000),
    latestDisplayAt: micros(at),
    expiresAt: micros(at + 120_000),
    body,
    ...more,
  } as FrameShape);
}

/** The frame that asks a question of three options, with 10 s to answer. */
export function asking(number: number, at: number, more: FrameShape = {}): QuizFrame {
  const value = { text: `${number}?`, options: ["a", "b", "c"], answerWindow: durationFromMs(10_000) };
  return quizFrame(number, at, { case: "question", value }, more);
}

/** An instant in ms, as the contract has it. */
export function micros(ms: number): bigint {
  return BigInt(Math.round(ms * 1_000));
}
