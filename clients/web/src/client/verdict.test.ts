import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { failureOf } from "./failure.js";
import { ErrorDetailSchema, ErrorReason, KickReason, KickedSchema, ReconnectSchema } from "./gen.js";
import { type TokenLack, TokenNeeded } from "./token.js";
import { decide, isFinal } from "./verdict.js";

function failed(code: Code, reason = ErrorReason.UNSPECIFIED, retryAfter?: number) {
  const value = { reason, ...(retryAfter && { retryAfter: durationFromMs(retryAfter) }) };
  const details = reason ? [{ desc: ErrorDetailSchema, value }] : [];
  return decide({ kind: "failed", failure: failureOf(new ConnectError("said", code, undefined, details)) });
}

function kicked(reason: KickReason, mayReconnect: boolean) {
  return decide({ kind: "kicked", kicked: create(KickedSchema, { reason, mayReconnect, message: "why" }) });
}

describe("decide", () => {
  it("honours Reconnect", () => {
    const reconnect = create(ReconnectSchema, {
      after: durationFromMs(2_000),
      jitter: durationFromMs(60_000),
      endpoint: "https://b",
    });
    const verdict = decide({ kind: "reconnect", reconnect });
    expect(verdict).toEqual({ next: "retry", after: 2_000, width: 60_000, endpoint: "https://b" });
  });

  it("stops when kicked for good", () => {
    expect(kicked(KickReason.OFFLINE, false)).toEqual({ next: "stop", why: "kicked", said: "why" });
    expect(kicked(KickReason.REPLACED, false)).toMatchObject({ why: "replaced" });
  });

  it("leaves it to the reader to come back to where they were sent away", () => {
    for (const may of [true, false]) {
      expect(kicked(KickReason.MODERATED, may)).toEqual({ next: "stop", why: "kicked", said: "why" });
      expect(kicked(KickReason.BANNED, may)).toEqual({ next: "stop", why: "banned", said: "why" });
      expect(kicked(KickReason.REPLACED, may)).toMatchObject({ why: "replaced" });
      expect(kicked(KickReason.LEFT, may)).toMatchObject({ next: "stop" });
    }
  });

  it("opens a new session when kicked and allowed back", () => {
    expect(kicked(KickReason.OFFLINE, true)).toMatchObject({
      next: "retry",
      rejoin: true,
      whenWatched: true,
    });
  });

  it("resumes the session with another token when the token has expired", () => {
    expect(kicked(KickReason.TOKEN_EXPIRED, true)).toMatchObject({
      rejoin: false,
      renewToken: "expired",
    });
    expect(kicked(KickReason.TOKEN_EXPIRED, false)).toMatchObject({ why: "token-expired" });
  });

  it("polls where no Welcome comes, and comes back after silence", () => {
    expect(decide({ kind: "no-welcome" })).toEqual({ next: "poll" });
    expect(decide({ kind: "silent" })).toEqual({ next: "retry", after: 0 });
  });

  it("reads failures by reason, then by code", () => {
    expect(failed(Code.FailedPrecondition, ErrorReason.ROOM_ENDED)).toMatchObject({ why: "room-ended" });
    expect(failed(Code.PermissionDenied, ErrorReason.BANNED)).toMatchObject({ why: "banned" });
    expect(failed(Code.NotFound, ErrorReason.ROOM_NOT_FOUND)).toMatchObject({
      why: "refused",
      said: "said",
      reason: ErrorReason.ROOM_NOT_FOUND,
    });
    expect(failed(Code.NotFound, ErrorReason.SESSION_NOT_FOUND)).toMatchObject({
      next: "retry",
      rejoin: true,
    });
    expect(failed(Code.Unauthenticated)).toMatchObject({ next: "retry", renewToken: "refused" });
    const expired = failed(Code.Unauthenticated, ErrorReason.TOKEN_EXPIRED);
    expect(expired).toMatchObject({ next: "retry", renewToken: "expired" });
    expect(failed(Code.Unavailable, ErrorReason.DRAINING, 1_500)).toEqual({ next: "retry", after: 1_500 });
    const limited = failed(Code.ResourceExhausted, ErrorReason.LIMIT_EXCEEDED, 2_500);
    expect(limited).toEqual({ next: "retry", after: 2_500, full: true });
  });

  it("stops where only a person can bring a token", () => {
    const failure = failureOf(new TokenNeeded());
    expect(decide({ kind: "failed", failure })).toMatchObject({ next: "stop", why: "token-needed" });
    expect(isFinal(failure)).toBe(true);
    const stopFor = (lack: TokenLack) =>
      decide({
        kind: "failed",
        failure: failureOf(new ConnectError("x", Code.Unknown, {}, [], new TokenNeeded(lack))),
      });
    expect(stopFor("refused")).toMatchObject({ next: "stop", why: "token-refused" });
    expect(stopFor("expired")).toMatchObject({ next: "stop", why: "token-expired" });
    expect(isFinal(failureOf(new TypeError("Failed to fetch")))).toBe(false);
  });
});
