import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Api, type Dial, ANSWER_WITHIN } from "./api.js";
import { Backoff, type Random, jittered } from "./backoff.js";
import { ServerClock, startSample } from "./clock.js";
import { type Failure, failureOf } from "./failure.js";
import {
  type AttributeUpdateSchema,
  type SendResponse,
  type SubscribeResponse,
  type UpdateAttributesResponse,
  type Welcome,
  Delivery,
  ErrorReason,
  Role,
} from "./gen.js";
import { GiftShop } from "./gift-shop.js";
import { randomId } from "./id.js";
import { Moderator } from "./moderator.js";
import type { RoomObserver, Way } from "./observer.js";
import { Player, type QuizPlayer } from "./player.js";
import { poll } from "./poll.js";
import { type RoomCalls, repeated } from "./room-calls.js";
import { type Link, RoomSync } from "./room-sync.js";
import { holdStream } from "./stream.js";
import { sleep } from "./time.js";
import type { Token, TokenSource } from "./token.js";
import { type Ending, type Stop, type Verdict, decide, endingOf } from "./verdict.js";

/** How long to poll before trying a stream again, at first and at most. */
const POLL_FIRST = 60_000;
const POLL_LONGEST = 600_000;
/** A connection that lasted this long was a good one: failures before it are forgotten. */
const GOOD_AFTER = 10_000;
/** Endings after which an address that the server named is left for home. */
const ASTRAY: ReadonlySet<Ending["kind"]> = new Set(["failed", "silent", "no-welcome"]);
/** How long JoinRoom may take. */
const JOIN_WITHIN = 10_000;

/** What a RoomClient needs. */
export interface RoomClientOptions {
  roomId: string;
  dial: Dial;
  tokens: TokenSource;
  observer: RoomObserver;
  /** Whether somebody is watching now; a session that ended for want of it waits for wake(). Default: yes. */
  watched?: () => boolean;
  random?: Random;
}

/**
 * A viewer's connection to one room: joins, streams, and comes back by itself
 * until the server or the caller says that it is over.
 */
export class RoomClient {
  readonly #roomId: string;
  readonly #dial: Dial;
  readonly #tokens: TokenSource;
  readonly #observer: RoomObserver;
  readonly #watched: () => boolean;
  readonly #random: Random;
  readonly #sync: RoomSync;
  readonly #backoff: Backoff;
  readonly #clock: ServerClock;
  readonly #calls: RoomCalls;
  readonly #player: Player;
  /** What a host or moderator can do here; the server refuses it to all others. */
  readonly moderator: Moderator;
  /** Gives gifts. */
  readonly shop: GiftShop;
  #abort: AbortController | undefined;
  #nap = new AbortController();
  #endpoint = "";
  #sessionId = "";
  #role = Role.UNSPECIFIED;
  #way: Way | undefined;
  #pollNext = false;
  #pollFor = POLL_FIRST;
  /** There was a connection, and its loss was not counted yet. */
  #established = false;

  constructor(options: RoomClientOptions) {
    this.#roomId = options.roomId;
    this.#dial = options.dial;
    this.#tokens = options.tokens;
    this.#observer = options.observer;
    this.#watched = options.watched ?? (() => true);
    this.#random = options.random ?? Math.random;
    this.#backoff = new Backoff(this.#random);
    this.#clock = new ServerClock(this.#random);
    this.#calls = {
      roomId: this.#roomId,
      random: this.#random,
      sessionId: () => this.#sessionId,
      api: () => this.#api(),
      home: () => this.#dial(""),
    };
    this.#player = new Player(this.#calls, this.#clock, (game) => this.#observer.onQuiz(game));
    this.#sync = new RoomSync(options.observer, this.#random, {
      onQuizFrames: (frames) => this.#player.take(frames),
      onReset: () => this.#player.forget(),
    });
    this.shop = new GiftShop(this.#calls);
    this.moderator = new Moderator(this.#roomId, () => this.#api(), this.#random);
  }

  /** The session, empty until there is one. */
  get sessionId(): string {
    return this.#sessionId;
  }

  /** As what the caller is in the room, as the server said when they last joined; UNSPECIFIED until then. */
  get role(): Role {
    return this.#role;
  }

  /** The server's clock, as far as it is known: its offset from ours, and how far off that can be. */
  get clock(): Pick<ServerClock, "offset" | "bound" | "now"> {
    return this.#clock;
  }

  /** Plays the room's quizzes. */
  get player(): QuizPlayer {
    return this.#player;
  }

  /** Connects, and stays connected. Resolves when it is over for good, or stopped. */
  async start(): Promise<void> {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    while (!abort.signal.aborted) {
      this.#observer.onState({ phase: "connecting" });
      const began = Date.now();
      const ending = await this.#connect(abort.signal);
      if (abort.signal.aborted) return;
      if (Date.now() - began > GOOD_AFTER) this.#backoff.reset();
      const verdict = decide(ending);
      if (verdict.next === "stop") {
        this.#abort = undefined;
        const { next: _, ...stop } = verdict;
        this.#observer.onState({ phase: "stopped", ...stop });
        if (ending.kind === "kicked" && stop.why === "banned") await this.#learnUntil(stop);
        return;
      }
      await this.#follow(verdict, ending, abort.signal);
    }
  }

  /** Finds out when a ban ends: the last frame does not say it, a call that the ban fails does. */
  async #learnUntil(stop: Stop): Promise<void> {
    try {
      await this.#api().room.getRoom({ roomId: this.#roomId }, { timeoutMs: ANSWER_WITHIN });
    } catch (thrown) {
      const { reason, until, metadata } = failureOf(thrown);
      if (reason !== ErrorReason.BANNED || this.#abort) return;
      const said = metadata.why ?? stop.said;
      this.#observer.onState({ phase: "stopped", ...stop, said, ...(until !== undefined && { until }) });
    }
  }

  /** Disconnects without a word; start() resumes the session while it lives. */
  stop(): void {
    this.#abort?.abort({ kind: "closed" } satisfies Ending);
    this.#abort = undefined;
    this.#player.stop();
  }

  /** Somebody is watching, or the network is back: go on now instead of later. */
  wake(): void {
    this.#nap.abort();
  }

  /** Sends a text. Safe to call again with the same id: the message is not doubled. */
  send(text: string, clientMessageId = randomId()): Promise<SendResponse> {
    const request = { roomId: this.#roomId, text, clientMessageId };
    return repeated(this.#calls, (api) => api.feed.send(request));
  }

  /** Sets an attribute as one's own; it goes when its owner leaves. */
  setAttribute(key: string, value: Uint8Array): Promise<UpdateAttributesResponse> {
    return this.#update({ key, value, own: true, deleteOnLeave: true });
  }

  /** Deletes an attribute. */
  deleteAttribute(key: string): Promise<UpdateAttributesResponse> {
    return this.#update({ key, delete: true });
  }

  async #update(update: MessageInitShape<typeof AttributeUpdateSchema>): Promise<UpdateAttributesResponse> {
    const request = { roomId: this.#roomId, updates: [update], requestId: randomId() };
    const answer = await repeated(this.#calls, (api) => api.attributes.updateAttributes(request));
    this.#sync.reachAttributesAt(answer.timestamp, answer.epoch);
    return answer;
  }

  #api(): Api {
    return this.#dial(this.#endpoint);
  }

  /** Makes one connection and holds it until it ends. */
  async #connect(stopped: AbortSignal): Promise<Ending> {
    const abort = new AbortController();
    const signal = AbortSignal.any([stopped, abort.signal]);
    const end = (ending: Ending) => abort.abort(ending);
    let renewal: ReturnType<typeof setTimeout> | undefined;
    try {
      const token = await this.#tokens.get();
      renewal = renewalTimer(token, () => end({ kind: "renew" }));
      if (!this.#sessionId) await this.#join(signal);
      const link: Link = {
        api: this.#api(),
        roomId: this.#roomId,
        sessionId: this.#sessionId,
        signal,
        fail: (failure: Failure) => end({ kind: "failed", failure }),
      };
      this.#sync.attach(link);
      this.#player.attach(link);
      void this.#clock.keep(link.api.feed, link.signal);
      return this.#pollNext ? await this.#poll(link) : await this.#stream(link);
    } catch (thrown) {
      return endingOf(signal, thrown);
    } finally {
      clearTimeout(renewal);
      end({ kind: "closed" });
      this.#way = undefined;
    }
  }

  async #join(signal: AbortSignal): Promise<void> {
    const request = { roomId: this.#roomId };
    const sample = startSample();
    const answer = await this.#api().room.joinRoom(request, { signal, timeoutMs: JOIN_WITHIN });
    if (answer.serverAt) this.#clock.take([sample(answer.serverAt, answer.serverAt)]);
    this.#sessionId = answer.sessionId;
    this.#endpoint = answer.endpoint;
    this.#role = answer.role;
    if (answer.room) this.#observer.onRoom(answer.room);
    if (answer.online) this.#observer.onOnline(answer.online);
    this.#observer.onCatalogue(answer.gifts);
    this.#sync.joined(answer);
  }

  #stream(link: Link): Promise<Ending> {
    const subscription = {
      roomId: this.#roomId,
      sessionId: this.#sessionId,
      cursor: this.#sync.inbox.open(),
    };
    const listener = {
      onWelcome: (welcome: Welcome) => this.#welcome(welcome, link),
      onFrame: (frame: SubscribeResponse["frame"]) => this.#frame(frame),
    };
    return holdStream(link.api.feed, subscription, listener, link.signal);
  }

  async #poll(link: Link): Promise<Ending> {
    this.#live("poll");
    this.#sync.pull();
    const ending = await poll(link, this.#sync, this.#pollFor, () => void this.#look(link));
    this.#pollNext = false;
    this.#pollFor = Math.min(POLL_LONGEST, this.#pollFor * 2);
    return ending;
  }

  /** Asks for what only streams tell of. What fails is asked for again. */
  async #look(link: Link): Promise<void> {
    const { api, roomId, signal } = link;
    const room = api.room.getRoom({ roomId }, { signal, timeoutMs: ANSWER_WITHIN });
    const [counted] = await Promise.allSettled([room, this.#sync.askGifts(link)]);
    if (counted.status === "fulfilled" && counted.value.online) this.#observer.onOnline(counted.value.online);
  }

  #welcome(welcome: Welcome, link: Link): void {
    this.#pollFor = POLL_FIRST;
    this.#sessionId = welcome.sessionId;
    link.sessionId = welcome.sessionId;
    if (welcome.room) this.#observer.onRoom(welcome.room);
    if (welcome.online) this.#observer.onOnline(welcome.online);
    this.#live(welcome.delivery === Delivery.INLINE ? "inline" : "notify");
    if (welcome.resync) this.#sync.resync(welcome.heads);
    this.#sync.takeGifts(welcome.giftCounters);
    this.#player.take(welcome.quizFrames);
    // An INLINE stream goes on from the cursor by itself.
    if (welcome.delivery === Delivery.INLINE) this.#sync.reachAttributes(welcome.heads);
    else this.#sync.reach(welcome.heads);
  }

  #frame(frame: SubscribeResponse["frame"]): void {
    switch (frame.case) {
      case "notify":
        this.#live("notify");
        // A notification of messages is answered by a pull, also where nothing is
        // lacking: until it comes the server takes the viewer for busy or gone, and
        // tells of no more messages. Attributes it tells of in any case.
        if (frame.value.messages) this.#sync.pull();
        this.#sync.reachAttributes(frame.value.heads);
        return;
      case "batch":
        this.#live("inline");
        return this.#sync.takeInline(frame.value);
      case "heartbeat":
        return this.#sync.reach(frame.value.heads);
      case "counters":
        if (frame.value.online) this.#observer.onOnline(frame.value.online);
        return this.#sync.takeGifts(frame.value.gifts);
      case "quiz":
        return this.#player.take([frame.value]);
      case "roomUpdated":
        if (frame.value.room) this.#observer.onRoom(frame.value.room);
    }
  }

  #live(way: Way): void {
    if (this.#way === way) return;
    this.#way = way;
    this.#established = true;
    this.#observer.onState({ phase: "live", way });
  }

  /** Prepares the next connection, and waits for its moment. */
  async #follow(
    verdict: Exclude<Verdict, { next: "stop" }>,
    ending: Ending,
    signal: AbortSignal,
  ): Promise<void> {
    if (ending.kind !== "renew" && ending.kind !== "polled") this.#countOutage();
    // An address that failed is not asked again, nor does it say anything of the way home.
    const strayed = this.#endpoint !== "" && ASTRAY.has(ending.kind);
    if (strayed) this.#endpoint = "";
    if (verdict.next === "poll") {
      this.#pollNext = !strayed;
      return;
    }
    if (verdict.rejoin) this.#sessionId = "";
    if (verdict.renewToken) this.#tokens.invalidate(verdict.renewToken);
    if (verdict.endpoint !== undefined) this.#endpoint = verdict.endpoint;
    if (verdict.whenWatched && !this.#watched()) await this.#sleepUntilWoken(signal);
    const bidden = verdict.width !== undefined;
    const wait = bidden
      ? jittered(verdict.after, verdict.width ?? 0, this.#random)
      : this.#backoff.next(verdict.after);
    await this.#wait(wait, bidden || verdict.after > 0, verdict.full ?? false, signal);
  }

  #countOutage(): void {
    if (!this.#established) return;
    this.#established = false;
    this.#sync.tally.reconnects++;
    this.#observer.onTally(this.#sync.tally);
  }

  /** Waits; a wait that the server did not ask for ends early when woken. */
  async #wait(ms: number, bidden: boolean, full: boolean, signal: AbortSignal): Promise<void> {
    if (ms <= 0 || signal.aborted) return;
    const awake = bidden ? signal : this.#layDown(signal);
    this.#observer.onState({ phase: "waiting", until: Date.now() + ms, ...(full && { full }) });
    await sleep(ms, awake);
  }

  async #sleepUntilWoken(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const awake = this.#layDown(signal);
    this.#observer.onState({ phase: "dormant" });
    await sleep(Infinity, awake);
  }

  /** Begins a nap: the signal aborts when it is woken, and with the one given. */
  #layDown(signal: AbortSignal): AbortSignal {
    this.#nap = new AbortController();
    return AbortSignal.any([signal, this.#nap.signal]);
  }
}

/** Calls `renew` when the token should be replaced; undefined where it never is. */
function renewalTimer(token: Token, renew: () => void): ReturnType<typeof setTimeout> | undefined {
  if (token.renewAt === undefined) return undefined;
  // Timers hold at most 2^31 - 1 ms; a longer-lived token is looked at again then.
  return setTimeout(renew, Math.min(2 ** 31 - 1, Math.max(0, token.renewAt - Date.now())));
}
