import { type MessageInitShape, create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type HandlerContext, createRouterTransport } from "@connectrpc/connect";
import { type Api, type Dial, apiOver } from "../api.js";
import {
  type Attribute,
  type AttributeSnapshot,
  type Heads,
  type Message,
  type PullRequest,
  type QuizFrame,
  type SubscribeRequest,
  type SubscribeResponse,
  AttributeService,
  Delivery,
  FeedService,
  GiftCountersSchema,
  HeadsSchema,
  ModerationService,
  PullAttributesResponseSchema,
  Role,
  RoomService,
  SubscribeResponseSchema,
} from "../gen.js";
import { FakeGifts } from "./fake-gifts.js";
import { FakeQuiz } from "./fake-quiz.js";
import { batch, low, lowCursor, snapshot } from "./make.js";

type Frame = MessageInitShape<typeof SubscribeResponseSchema>["frame"] & {};

/** One open stream, as the server sees it. */
export class FakeStream {
  #frames: SubscribeResponse[] = [];
  #waiting: (() => void) | undefined;
  #over = false;

  constructor(readonly request: SubscribeRequest) {}

  /** Sends a frame. */
  send(frame: Frame): void {
    this.#frames.push(create(SubscribeResponseSchema, { frame }));
    this.#waiting?.();
  }

  /** Ends the stream without a last frame. */
  close(): void {
    this.#over = true;
    this.#waiting?.();
  }

  async *frames(signal: AbortSignal): AsyncIterable<SubscribeResponse> {
    signal.addEventListener("abort", () => this.close());
    for (;;) {
      yield* this.#frames.splice(0);
      if (this.#over) return;
      await new Promise<void>((resolve) => (this.#waiting = resolve));
    }
  }
}

/** A room with one LOW bucket and some attributes, served in memory. Tests turn its knobs. */
export class FakeRoom {
  epoch = "e1";
  head = 0;
  /** Entries before this one are gone. */
  oldest = 1;
  pullLimit = 50;
  delivery = Delivery.NOTIFY;
  welcomes = true;
  /** The heartbeat that it promises, in ms. It sends none. */
  heartbeat = 1_000;
  resync = false;
  attributes: Attribute[] = [];
  attributesAt = 0;
  /** Answers the pulls of attributes instead of a snapshot. */
  answerAttributes: (() => MessageInitShape<typeof PullAttributesResponseSchema>) | undefined;
  /** How far the server's clock is ahead of ours, in ms. */
  clockAhead = 0;
  clockReads = 0;
  /** Where JoinRoom sends clients. */
  endpoint = "";
  /** As what whoever joins is in the room. */
  role = Role.VIEWER;
  readonly gifts = new FakeGifts();
  readonly quiz = new FakeQuiz();
  /** Frames that are still to be shown. */
  quizFrames: QuizFrame[] = [];
  /** Thrown by the next call of a name. */
  failures = new Map<string, Error>();
  /** Says what a call of a name fails with, if it does. */
  judge: (name: string) => Error | undefined = () => undefined;
  /** What a message becomes on its way. */
  alteredText = "";
  /** What moderators asked for, in order. */
  readonly sanctions: { name: string; request: object }[] = [];
  readonly streams: FakeStream[] = [];
  readonly calls: string[] = [];
  readonly pulls: PullRequest[] = [];
  readonly dialled: string[] = [];

  /** Dials this room, whatever the address. */
  readonly dial: Dial = (endpoint): Api => {
    if (this.dialled.at(-1) !== endpoint) this.dialled.push(endpoint);
    return apiOver(this.#transport);
  };

  /** The newest stream. */
  get stream(): FakeStream {
    const stream = this.streams.at(-1);
    if (!stream) throw new Error("nobody subscribed");
    return stream;
  }

  get heads(): Heads {
    return create(HeadsSchema, {
      cursor: lowCursor(this.head, this.epoch),
      attributesTimestamp: BigInt(this.attributesAt),
    });
  }

  /** The whole attribute map. */
  get snapshot(): AttributeSnapshot {
    return snapshot(this.attributesAt, this.attributes, this.epoch);
  }

  /** Appends messages, and notifies the newest stream. */
  say(count: number): void {
    this.head += count;
    this.stream.send({ case: "notify", value: { heads: this.heads, messages: true } });
  }

  /** The server's clock, in microseconds. */
  get #now(): bigint {
    return BigInt(Date.now() + this.clockAhead) * 1_000n;
  }

  #transport = createRouterTransport((router) => {
    const { service } = router;
    this.gifts.serve(router, (name) => this.#called(name));
    this.quiz.serve(router, (name) => this.#called(name));
    service(RoomService, {
      joinRoom: () => {
        this.#called("join");
        return {
          sessionId: `s${this.calls.filter((c) => c === "join").length}`,
          online: { users: 1n, sessions: 1n },
          latest: this.#after(undefined),
          attributes: this.snapshot,
          serverAt: this.#now,
          endpoint: this.endpoint,
          role: this.role,
          gifts: this.gifts.catalogue,
          giftCounters: create(GiftCountersSchema, this.gifts.counters),
          quizFrames: this.quizFrames,
        };
      },
      getRoom: () => {
        this.#fail("getRoom");
        return { online: { users: 3n, sessions: 4n } };
      },
    });
    service(FeedService, {
      subscribe: (request, context) => this.#subscribe(request, context),
      pull: (request) => {
        this.#called("pull");
        this.pulls.push(request);
        return { batch: this.#after(request), heads: this.heads, quizFrames: this.quizFrames };
      },
      send: (request) => {
        this.#called("send");
        const { alteredText } = this;
        return { sequence: 1n, timestamp: 1n, epoch: request.clientMessageId, alteredText };
      },
      recallMessage: (request) => this.#sanction("recall", request),
      syncClock: ({ clientSentAt }) => {
        this.#fail("syncClock");
        this.clockReads++;
        return { clientSentAt, receivedAt: this.#now, sentAt: this.#now };
      },
    });
    service(ModerationService, {
      mute: (request) => this.#sanction("mute", request),
      ban: (request) => this.#sanction("ban", request),
      kick: (request) => this.#sanction("kick", request),
    });
    service(AttributeService, {
      pullAttributes: () => {
        this.#called("pullAttributes");
        if (this.answerAttributes) return this.answerAttributes();
        return { result: { case: "snapshot", value: this.snapshot }, epoch: this.epoch };
      },
    });
  });

  #called(name: string): void {
    this.calls.push(name);
    this.#fail(name);
  }

  #sanction(name: string, request: object): object {
    this.#called(name);
    this.sanctions.push({ name, request });
    return {};
  }

  #fail(name: string): void {
    const failure = this.failures.get(name) ?? this.judge(name);
    this.failures.delete(name);
    if (failure) throw failure;
  }

  async *#subscribe(request: SubscribeRequest, context: HandlerContext): AsyncIterable<SubscribeResponse> {
    this.#called("subscribe");
    const stream = new FakeStream(request);
    this.streams.push(stream);
    if (this.welcomes) {
      const value = {
        sessionId: request.sessionId || "fresh",
        heartbeatInterval: durationFromMs(this.heartbeat),
        heads: this.heads,
        delivery: this.delivery,
        resync: this.resync,
        giftCounters: create(GiftCountersSchema, this.gifts.counters),
        quizFrames: this.quizFrames,
      };
      stream.send({ case: "welcome", value });
    }
    yield* stream.frames(context.signal);
  }

  #after(request: PullRequest | undefined) {
    const cursor = request?.cursor;
    const resync = cursor !== undefined && cursor.epoch !== this.epoch;
    const read = cursor && !resync ? Number(cursor.lowSequence) : Math.max(0, this.head - 50);
    const first = Math.max(read + 1, this.oldest);
    const last = Math.min(this.head, first + this.pullLimit - 1);
    const messages: Message[] = [];
    for (let sequence = first; sequence <= last; sequence++) messages.push(low(sequence));
    return batch(messages, {
      cursor: lowCursor(Math.max(last, read), this.epoch),
      dropped: { low: BigInt(Math.max(0, first - read - 1)) },
      more: last < this.head,
      resync,
    });
  }
}
