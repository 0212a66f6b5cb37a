import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorDetailSchema, ErrorReason } from "./gen.js";
import { millis } from "./time.js";
import { type TokenLack, TokenNeeded } from "./token.js";

/** A failed call, in the contract's own words. */
export interface Failure {
  code: Code;
  reason: ErrorReason;
  /** When the same call may succeed, in ms; 0 where nothing was said. */
  retryAfter: number;
  /** When a ban or mute ends, ms since 1970; undefined: never by itself, or this is none. */
  until: number | undefined;
  /** Facts by name, such as "limit" or "until". */
  metadata: Record<string, string>;
  message: string;
  /** There is no good token, and only a person can bring one: what became of the last. */
  tokenNeeded: TokenLack | undefined;
}

/** How calls end of which nobody has said whether they were done. */
const UNSURE: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.Canceled,
  Code.Unknown,
  Code.Internal,
]);

/** Whether the call may have been done all the same: what must not be done twice is asked for again with the same id. */
export function isUnsure({ code }: Failure): boolean {
  return UNSURE.has(code);
}

/** Reads any thrown value as a Failure. */
export function failureOf(thrown: unknown): Failure {
  const error = ConnectError.from(thrown, Code.Unavailable);
  const detail = error.findDetails(ErrorDetailSchema)[0];
  return {
    code: error.code,
    reason: detail?.reason ?? ErrorReason.UNSPECIFIED,
    retryAfter: detail ? millis(detail.retryAfter, 0) : retryAfterIn(error.metadata),
    until: instantOf(detail?.metadata.until),
    metadata: detail?.metadata ?? {},
    message: error.rawMessage,
    tokenNeeded: lackIn(thrown) ?? lackIn(error.cause),
  };
}

function lackIn(thrown: unknown): TokenLack | undefined {
  return thrown instanceof TokenNeeded ? thrown.lack : undefined;
}

/** The longest that an answer which is no call's is believed about when to come again. */
const RETRY_AFTER_MOST = 3_600_000;

/** What a full server, or a proxy before it, says instead of answering a call: seconds, or a date. */
function retryAfterIn(headers: Headers): number {
  const value = headers.get("Retry-After")?.trim() ?? "";
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return ms > 0 ? Math.min(ms, RETRY_AFTER_MOST) : 0;
}

/** Reads Unix microseconds as ms. */
function instantOf(micros: string | undefined): number | undefined {
  return micros && /^[1-9]\d{0,17}$/.test(micros) ? Number(micros) / 1_000 : undefined;
}
