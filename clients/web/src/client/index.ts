// The protocol layer: everything a page needs of a room, and nothing of the page.
export { dialWeb } from "./api.js";
export type { ServerClock } from "./clock.js";
export { type Failure, failureOf, isUnsure } from "./failure.js";
export * from "./gen.js";
export { giftIn } from "./gift-message.js";
export type { GiftOrder, GiftShop } from "./gift-shop.js";
export { randomId } from "./id.js";
export { sayGoodbye } from "./leave.js";
export type { Moderator } from "./moderator.js";
export type { ConnectionState, RoomObserver, Tally, Way } from "./observer.js";
export type { QuizPlayer } from "./player.js";
export { type AskedQuestion, QuizGame, type QuizPhase } from "./quiz-game.js";
export type { AttributeDelta } from "./replica.js";
export { RoomClient } from "./room-client.js";
export { type Token, type TokenSource, developmentToken, givenToken } from "./token.js";
export type { Stop, StopReason } from "./verdict.js";
