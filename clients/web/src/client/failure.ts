import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorDetailSchema, ErrorReason } from "./gen.js";
import { millis } from "./time.js";
import { TokenNeeded } from "./token.js";

/** A failed call, in the contract's own words. */
export interface Failure {
  code: Code;
  reason: ErrorReason;
  /** When the same call may succeed, in ms; 0 where nothing was said. */
  retryAfter: number;
  /** Facts by name, such as "limit" or "until". */
  metadata: Record<string, string>;
  message: string;
  /** There is no token, and only a person can bring one. */
  tokenNeeded: boolean;
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
    tokenNeeded: thrown instanceof TokenNeeded || error.cause instanceof TokenNeeded,
  };
}
