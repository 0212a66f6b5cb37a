import type { PerBucket } from "./buckets.js";
import type { Gift, GiftCounters, Message, Online, Room } from "./gen.js";
import type { QuizGame } from "./quiz-game.js";
import type { AttributeDelta } from "./replica.js";
import type { Stop } from "./verdict.js";

/** How messages come at the moment. */
export type Way = "notify" | "inline" | "poll";

/** Where the connection stands. */
export type ConnectionState =
  | { phase: "connecting" }
  | { phase: "live"; way: Way }
  /** Lost, and to be opened again at `until`, ms since 1970; `full`: the server has no place for now. */
  | { phase: "waiting"; until: number; full?: boolean }
  /** Ended for want of somebody watching; goes on when woken. */
  | { phase: "dormant" }
  /** Over for good. */
  | ({ phase: "stopped" } & Stop);

/** What the client has counted since it started. */
export interface Tally {
  /** Messages received. */
  received: number;
  /** Entries that were gone before they could be read. */
  lost: PerBucket;
  /** How often the log had to be begun anew. */
  resyncs: number;
  /** How often a connection that stood was lost; not how many tries it took to come back. */
  reconnects: number;
}

/** Who hears of what happens in the room. Calls come one after another, never nested. */
export interface RoomObserver {
  /** The connection's state changed. */
  onState(state: ConnectionState): void;
  /** New messages, in order. With `reset`, what was shown before is void. */
  onMessages(messages: Message[], reset: boolean): void;
  /** The messages with these timestamps are taken back. */
  onRecalls(timestamps: bigint[]): void;
  /** Attributes that changed. */
  onAttributes(deltas: AttributeDelta[]): void;
  /** Who is there. */
  onOnline(online: Online): void;
  /** The room, its settings and title. */
  onRoom(room: Room): void;
  /** What can be given here, in the catalogue's order. It comes with every joining. */
  onCatalogue(gifts: Gift[]): void;
  /** What was given here: each replaces the one before. */
  onGifts(counters: GiftCounters): void;
  /** The quiz got further, or there is none any more. It is the same object while it is the same quiz. */
  onQuiz(game: QuizGame | undefined): void;
  /** The counts changed. */
  onTally(tally: Readonly<Tally>): void;
}
