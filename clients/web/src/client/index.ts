// The protocol layer: everything a page needs of a room, and nothing of the page.
export { dialWeb } from "./api.js";
export type { ServerClock } from "./clock.js";
export { BUCKETS, type PerBucket } from "./buckets.js";
export { type Failure, failureOf } from "./failure.js";
export * from "./gen.js";
export { randomId } from "./id.js";
export { sayGoodbye } from "./leave.js";
export type { ConnectionState, RoomObserver, Tally, Way } from "./observer.js";
export type { AttributeDelta } from "./replica.js";
export { RoomClient } from "./room-client.js";
export { type Token, type TokenSource, type TokenStore, developmentToken, givenToken } from "./token.js";
export type { StopReason } from "./verdict.js";
