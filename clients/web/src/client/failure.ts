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
  /** Facts by name, such as "limit" or "until". */
  metadata: Record<string, string>;
  message: string;
  /** There is no good token, and only a person can bring one: what became of the last. */
  tokenNeeded: TokenLack | undefined;
}

/** Reads any thrown value as a Failure. */
export function failureOf(thrown: unknown): Failure {
  const error = ConnectError.from(thrown, Code.Unavailable);
  const detail = error.findDetails(ErrorDetailSchema)[0];
  return {
    code: error.code,
    reason: detail?.reason ?? ErrorReason.UNSPECIFIED,
    retryAfter: millis(detail?.retryAfter, 0),
    metadata: detail?.metadata ?? {},
    message: error.rawMessage,
    tokenNeeded: lackIn(thrown) ?? lackIn(error.cause),
  };
}

function lackIn(thrown: unknown): TokenLack | undefined {
  return thrown instanceof TokenNeeded ? thrown.lack : undefined;
}
