import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type Api, ANSWER_WITHIN } from "./api.js";
import { Backoff, type Random } from "./backoff.js";
import { BUCKETS, perBucket } from "./buckets.js";
import { Coalescer } from "./coalescer.js";
import { type Failure, failureOf } from "./failure.js";
import type {
  AttributeChanges,
  AttributeSnapshot,
  Batch,
  Cursor,
  GiftCounters,
  Heads,
  InlineBatch,
  JoinRoomResponse,
  PullAttributesResponse,
  PullResponse,
  QuizFrame,
} from "./gen.js";
import { MessageKind } from "./gen.js";
import { GiftBoard } from "./gift-board.js";
import { type Intake, Inbox } from "./inbox.js";
import type { RoomObserver, Tally } from "./observer.js";
import { type AttributeDelta, AttributeReplica } from "./replica.js";
import { sleep } from "./time.js";
import { isFinal } from "./verdict.js";

/** Least time before asking again for what an answer should have brought and did not, and between two polls. */
export const PACE = 250;

/** A connection that the room's state can be fetched over. */
export interface Link {
  api: Api;
  roomId: string;
  sessionId: string;
  signal: AbortSignal;
  /** Ends the connection: fetching failed in a way that trying again does not mend. */
  fail(failure: Failure): void;
}

/** Who takes what comes along with messages and is none of the sync's business. */
export interface Companions {
  /** Frames of quizzes. */
  onQuizFrames(frames: readonly QuizFrame[]): void;
  /** The room began anew. */
  onReset(): void;
}

/**
 * Keeps messages, attributes and gift totals in step with the room, whichever way the news
 * come: told of something new it fetches, given something it takes it.
 */
export class RoomSync {
  readonly tally: Tally = { received: 0, lost: perBucket(), resyncs: 0, reconnects: 0 };
  readonly inbox = new Inbox();
  readonly replica = new AttributeReplica();
  readonly #board = new GiftBoard();
  /** The epoch that was begun anew last. */
  #begun = "";
  /** Gifts came since the totals were asked for. */
  #giftsCame = false;
  #link: Link | undefined;
  /** How many pulls are under way. */
  #asking = 0;
  #messages = new Coalescer(() => this.#persist((link) => this.#pull(link)));
  #attributes = new Coalescer(() => this.#persist((link) => this.#pullAttributes(link)));
  /** How far the attributes are known to have got. */
  #attributesAt = { timestamp: 0n, epoch: "" };

  constructor(
    private readonly observer: RoomObserver,
    private readonly random: Random,
    private readonly companions: Companions,
  ) {}

  /** Fetches over this link from now on. */
  attach(link: Link): void {
    this.#link = link;
  }

  /** Takes what joining brought. */
  joined(answer: JoinRoomResponse): void {
    const { latest, attributes, giftCounters, quizFrames } = answer;
    // Who rejoins has a cursor that reaches further back than the latest messages do;
    // if it cannot be continued, the stream or a pull will say so.
    if (latest && !this.inbox.cursor) this.#show(this.inbox.takePulled(latest, undefined));
    if (attributes) this.#replace(attributes);
    this.takeGifts(giftCounters);
    this.companions.onQuizFrames(quizFrames);
  }

  /** Takes what was given here. */
  takeGifts(counters: GiftCounters | undefined): void {
    if (counters && this.#board.take(counters)) this.observer.onGifts(counters);
  }

  /** Asks what was given, where nothing says so by itself and there is news. */
  async askGifts({ api, roomId, signal }: Link): Promise<void> {
    if (!this.#giftsCame) return;
    this.#giftsCame = false;
    const answer = await api.gifts.getGiftTotals({ roomId }, { signal, timeoutMs: ANSWER_WITHIN });
    this.#giftsCame ||= answer.pendingGifts > 0n;
    this.takeGifts(answer.settled);
  }

  /** The server cannot continue the cursor: begin anew, in the epoch of these heads. */
  resync(heads: Heads | undefined): void {
    this.inbox.forget();
    this.#beginAnew(heads?.cursor);
    this.#show(this.inbox.takeReset());
  }

  /** Fetches whatever the heads say is new. */
  reach(heads: Heads | undefined): void {
    if (this.inbox.isBehind(heads)) this.pull();
    this.reachAttributes(heads);
  }

  /** Fetches attributes if the heads say that they are new. */
  reachAttributes(heads: Heads | undefined): void {
    if (heads?.cursor) this.reachAttributesAt(heads.attributesTimestamp, heads.cursor.epoch);
  }

  /** Fetches attributes if they stand elsewhere than at this timestamp of this epoch. */
  reachAttributesAt(timestamp: bigint, epoch: string): void {
    if (!this.replica.isBehind(timestamp, epoch)) return;
    this.#attributesAt = { timestamp, epoch };
    this.#attributes.request();
  }

  /** Fetches messages. */
  pull(): void {
    this.#messages.request();
  }

  /** Takes what the stream carries. */
  takeInline(inline: InlineBatch): void {
    const { batch, attributes, heads } = inline;
    const epoch = heads?.cursor?.epoch ?? batch?.cursor?.epoch ?? "";
    if (batch) this.#takeInlineBatch(batch);
    if (attributes && !this.#apply(attributes, epoch)) this.reachAttributesAt(attributes.timestamp, epoch);
    this.reachAttributes(heads);
  }

  /**
   * Makes one pull, which the server may hold for a while, and says whether there is
   * more. An answer that promises more and brings nothing is followed by a pause.
   */
  async pullOnce(link: Link, held = 0): Promise<boolean> {
    const { api, roomId, sessionId, signal } = link;
    const cursor = this.inbox.ask();
    const wait = held > 0 && { wait: durationFromMs(held) };
    const request = { roomId, sessionId, ...wait, ...(cursor && { cursor }) };
    this.#asking++;
    const pulled = api.feed.pull(request, { signal, timeoutMs: held + ANSWER_WITHIN });
    const answer = await pulled.finally(() => this.#asking--);
    const taken = this.#takePulled(answer, cursor);
    const more = answer.batch?.more ?? false;
    if (more && answer.batch?.messages.length === 0) await sleep(PACE, signal);
    return more || !taken;
  }

  /** Takes the answer to a pull that began at `asked`; false: it is no answer to where the inbox is now. */
  #takePulled(answer: PullResponse, asked: Inbox["cursor"]): boolean {
    const { batch, heads } = answer;
    if (batch?.resync) this.#beginAnew(batch.cursor);
    const intake = batch && this.inbox.takePulled(batch, asked);
    this.#show(intake);
    this.reachAttributes(heads);
    this.companions.onQuizFrames(answer.quizFrames);
    return batch === undefined || intake !== undefined;
  }

  /** What is known beside the messages is of another life of the room, and that may be said more than once. */
  #beginAnew(cursor: Cursor | undefined): void {
    this.replica.forget();
    const epoch = cursor?.epoch ?? "";
    if (epoch && epoch === this.#begun) return;
    this.#begun = epoch;
    this.#board.forget();
    this.#giftsCame = true;
    this.companions.onReset();
  }

  #takeInlineBatch(batch: Batch): void {
    if (batch.resync) this.#beginAnew(batch.cursor);
    const intake = this.inbox.takeInline(batch, this.#asking > 0);
    if (intake) this.#show(intake);
    else this.pull();
  }

  /** Runs a fetch over the current link until it succeeds, the link ends, or it cannot succeed. */
  async #persist(fetch: (link: Link) => Promise<void>): Promise<void> {
    const link = this.#link;
    const backoff = new Backoff(this.random);
    while (link && !link.signal.aborted) {
      try {
        return await fetch(link);
      } catch (thrown) {
        if (link.signal.aborted) return;
        const failure = failureOf(thrown);
        if (isFinal(failure)) return link.fail(failure);
        await sleep(backoff.next(failure.retryAfter), link.signal);
      }
    }
  }

  async #pull(link: Link): Promise<void> {
    for (let more = true; more && !link.signal.aborted;) more = await this.pullOnce(link);
  }

  async #pullAttributes(link: Link): Promise<void> {
    const { api, roomId, signal } = link;
    // The fetch before this one may have brought what this one was asked for.
    const { timestamp, epoch } = this.#attributesAt;
    if (!this.replica.isBehind(timestamp, epoch)) return;
    const backoff = new Backoff(this.random);
    while (!signal.aborted) {
      const request = { roomId, after: this.replica.timestamp, epoch: this.replica.epoch ?? "" };
      const answer = await api.attributes.pullAttributes(request, { signal, timeoutMs: ANSWER_WITHIN });
      if (this.#takeAttributes(answer)) return;
      // It does not go with what is here: ask for everything, but not at once.
      this.replica.forget();
      await sleep(backoff.next(PACE), signal);
    }
  }

  /** Takes an answer to a pull of attributes; false: it does not continue the map. */
  #takeAttributes({ result, epoch }: PullAttributesResponse): boolean {
    if (result.case === "snapshot") this.#replace(result.value);
    return result.case !== "changes" || this.#apply(result.value, epoch);
  }

  /** Applies a run of changes, unless it is known; false: it does not continue the map. */
  #apply(changes: AttributeChanges, epoch: string): boolean {
    const deltas = this.replica.apply(changes, epoch);
    if (deltas === "gap") return false;
    if (deltas !== "known") this.#showAttributes(deltas);
    return true;
  }

  #replace(snapshot: AttributeSnapshot): void {
    this.#showAttributes(this.replica.replace(snapshot));
  }

  #showAttributes(deltas: AttributeDelta[]): void {
    if (deltas.length > 0) this.observer.onAttributes(deltas);
  }

  #show(intake: Intake | undefined): void {
    if (!intake) return;
    const { messages, recalls, lost, reset } = intake;
    this.tally.received += messages.length;
    this.#giftsCame ||= messages.some(({ kind }) => kind === MessageKind.GIFT);
    if (reset) this.tally.resyncs++;
    for (const bucket of BUCKETS) this.tally.lost[bucket] += lost[bucket];
    if (messages.length > 0 || reset) this.observer.onMessages(messages, reset);
    if (recalls.length > 0) this.observer.onRecalls(recalls);
    this.observer.onTally(this.tally);
  }
}
