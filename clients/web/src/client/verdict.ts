import { Code } from "@connectrpc/connect";
import { type Failure, failureOf } from "./failure.js";
import { type Kicked, type Reconnect, ErrorReason, KickReason, ReconnectReason } from "./gen.js";
import { millis } from "./time.js";
import type { TokenFault, TokenLack } from "./token.js";

/** How a stream, or an attempt to open one, came to its end. */
export type Ending =
  /** The server said goodbye and why. */
  | { kind: "kicked"; kicked: Kicked }
  | { kind: "room-ended" }
  | { kind: "reconnect"; reconnect: Reconnect }
  /** Nothing came for twice the heartbeat. */
  | { kind: "silent" }
  /** No Welcome: something on the way holds the stream back. */
  | { kind: "no-welcome" }
  /** The stream ended without a last frame. */
  | { kind: "closed" }
  /** The token is about to expire: open the stream anew with another. */
  | { kind: "renew" }
  /** Polling has done its time: try a stream again. */
  | { kind: "polled" }
  | { kind: "failed"; failure: Failure };

/** How a connection that threw came to its end: as its signal says, where that was aborted. */
export function endingOf(signal: AbortSignal, thrown: unknown): Ending {
  return signal.aborted ? (signal.reason as Ending) : { kind: "failed", failure: failureOf(thrown) };
}

/** Why a client has stopped for good. */
export type StopReason =
  | "room-ended"
  | "kicked"
  | "banned"
  | "replaced"
  | "token-needed"
  | "token-refused"
  | "token-expired"
  | "refused";

/** A stop for good, in the server's words where it said any; `reason` is what it gave, where it refused. */
export interface Stop {
  why: StopReason;
  said: string;
  reason?: ErrorReason;
  /** When a ban ends, ms since 1970; absent: never by itself, or nobody has said. */
  until?: number;
}

/** What to do after an ending. */
export type Verdict =
  | ({ next: "stop" } & Stop)
  /** Poll for a while instead of streaming. */
  | { next: "poll" }
  | {
      next: "retry";
      /** Wait at least this long, in ms. */
      after: number;
      /** A window chosen by the server; absent: the client's own backoff. */
      width?: number;
      /** The session is over: join anew. */
      rejoin?: boolean;
      /** The token is no good. */
      renewToken?: TokenFault;
      /** Where to go; empty: home; absent: stay. */
      endpoint?: string;
      /** Wait until somebody is watching. */
      whenWatched?: boolean;
      /** The server has no place for now. */
      full?: boolean;
    };

/** Decides what follows an ending. */
export function decide(ending: Ending): Verdict {
  switch (ending.kind) {
    case "kicked":
      return afterKick(ending.kicked);
    case "room-ended":
      return { next: "stop", why: "room-ended", said: "" };
    case "reconnect":
      return afterReconnect(ending.reconnect);
    case "no-welcome":
      return { next: "poll" };
    case "renew":
    case "polled":
      return { next: "retry", after: 0, width: 0 };
    case "silent":
    case "closed":
      return { next: "retry", after: 0 };
    case "failed":
      return afterFailure(ending.failure);
  }
}

/** Kicks that nobody is brought back from: another window goes on, or it is for the reader to decide. */
const LASTING = new Set([KickReason.BANNED, KickReason.MODERATED, KickReason.REPLACED, KickReason.LEFT]);

function afterKick(kicked: Kicked): Verdict {
  if (!kicked.mayReconnect || LASTING.has(kicked.reason))
    return { next: "stop", why: stopOf(kicked.reason), said: kicked.message };
  const expired = kicked.reason === KickReason.TOKEN_EXPIRED;
  const offline = kicked.reason === KickReason.OFFLINE;
  // With another token the session itself goes on: the server keeps it for a moment.
  const verdict: Verdict = { next: "retry", after: 0, rejoin: !expired, whenWatched: offline };
  return expired ? { ...verdict, renewToken: "expired" } : verdict;
}

function stopOf(reason: KickReason): StopReason {
  switch (reason) {
    case KickReason.BANNED:
      return "banned";
    case KickReason.REPLACED:
      return "replaced";
    case KickReason.TOKEN_EXPIRED:
      return "token-expired";
    default:
      return "kicked";
  }
}

function afterReconnect(reconnect: Reconnect): Verdict {
  const after = millis(reconnect.after, 0);
  const width = millis(reconnect.jitter, 0);
  const verdict: Verdict = { next: "retry", after, width };
  // A node that drains is not one to come back to: home knows others.
  const leaves = reconnect.endpoint || reconnect.reason === ReconnectReason.DRAIN;
  return leaves ? { ...verdict, endpoint: reconnect.endpoint } : verdict;
}

function afterFailure(failure: Failure): Verdict {
  if (failure.tokenNeeded) return { next: "stop", why: STOP_FOR_TOKEN[failure.tokenNeeded], said: "" };
  switch (failure.reason) {
    case ErrorReason.ROOM_ENDED:
      return { next: "stop", why: "room-ended", said: "" };
    case ErrorReason.BANNED:
      return { next: "stop", why: "banned", said: failure.metadata.why ?? "", ...until(failure) };
    case ErrorReason.SESSION_NOT_FOUND:
      return { next: "retry", after: 0, rejoin: true };
  }
  switch (failure.code) {
    case Code.Unauthenticated:
      return { next: "retry", after: 0, renewToken: faultOf(failure) };
    case Code.NotFound:
    case Code.PermissionDenied:
    case Code.InvalidArgument:
    case Code.Unimplemented:
      return { next: "stop", why: "refused", said: failure.message, reason: failure.reason };
    default:
      return { next: "retry", after: failure.retryAfter, ...(isFull(failure) && { full: true }) };
  }
}

function until(failure: Failure): Pick<Stop, "until"> {
  return failure.until === undefined ? {} : { until: failure.until };
}

/** Whether a server, or a proxy before it, takes nobody in for now. */
function isFull(failure: Failure): boolean {
  const unsaid = failure.reason === ErrorReason.UNSPECIFIED;
  return failure.retryAfter > 0 && (unsaid || failure.reason === ErrorReason.LIMIT_EXCEEDED);
}

const STOP_FOR_TOKEN: Record<TokenLack, StopReason> = {
  none: "token-needed",
  refused: "token-refused",
  expired: "token-expired",
};

function faultOf(failure: Failure): TokenFault {
  return failure.reason === ErrorReason.TOKEN_EXPIRED ? "expired" : "refused";
}

/** Whether calling again can not help. */
export function isFinal(failure: Failure): boolean {
  return decide({ kind: "failed", failure }).next === "stop";
}
