import {
  type ConnectionState,
  type Failure,
  type SendResponse,
  type Stop,
  type StopReason,
  type Way,
  ErrorReason,
  SendStatus,
} from "../client/index.js";
import { momentOf } from "./moment.js";
import { figure } from "./numbers.js";

/** How a connection state looks: a tone and a few words. */
export interface StateWords {
  tone: "good" | "busy" | "bad";
  text: string;
}

/** The words for a connection state. */
export function wordsOfState(state: ConnectionState): StateWords {
  switch (state.phase) {
    case "connecting":
      return { tone: "busy", text: "Connecting" };
    case "live":
      return { tone: "good", text: state.way === "poll" ? "Live, polling" : "Live" };
    case "waiting":
      return { tone: "busy", text: state.full ? "The server is full, waiting" : "Reconnecting" };
    case "dormant":
      return { tone: "busy", text: "Paused while you were away" };
    case "stopped":
      return { tone: "bad", text: titleOfStop(state) };
  }
}

/** How messages come, in a word, and what the word means. */
export function wordsOfWay(way: Way | undefined): { text: string; title: string } {
  switch (way) {
    case "notify":
      return {
        text: "fetched",
        title: "The server says that there is something new, and the page fetches it",
      };
    case "inline":
      return { text: "pushed", title: "The server sends the messages themselves" };
    case "poll":
      return {
        text: "polled",
        title: "The page asks again and again: something on the way holds streams back",
      };
    default:
      return { text: "–", title: "There is no connection" };
  }
}

function titleOfStop({ why, reason }: Stop): string {
  if (why !== "refused") return TITLES[why];
  switch (reason) {
    case ErrorReason.ROOM_NOT_FOUND:
      return "There is no such room";
    case ErrorReason.ROOM_FORBIDDEN:
      return "Your token is for another room";
    default:
      return TITLES.refused;
  }
}

const TITLES: Record<StopReason, string> = {
  "room-ended": "This room has ended",
  kicked: "You were removed",
  banned: "You are banned from this room",
  replaced: "Open elsewhere",
  "token-needed": "A token is needed",
  "token-refused": "Your token was refused",
  "token-expired": "Your token has expired",
  refused: "This room cannot be entered",
};

/** The sentence that goes with the end of a connection. `wasThere`: the reader had been in the room. */
export function sentenceOfStop(
  { why, said, reason, until }: Stop,
  roomId: string,
  wasThere: boolean,
): string {
  switch (why) {
    case "room-ended":
      return wasThere ? "Thank you for being there." : `“${roomId}” is over, and takes nobody in any more.`;
    case "kicked":
      return `A moderator ended your session${because(said)} You may come back.`;
    case "banned":
      return `A moderator has banned you${until ? ` until ${momentOf(until)}` : ""}${because(said)}`;
    case "replaced":
      return "This session goes on in another window.";
    case "token-needed":
      return (
        `This server hands out tokens by itself only in development mode. ` +
        `Paste a token for room “${roomId}” to enter it.`
      );
    case "token-refused":
      return (
        `It is damaged, or was made for another server. Get a new one where you got it, ` +
        `and paste it for room “${roomId}”.`
      );
    case "token-expired":
      return `Get a new one where you got it, and paste it for room “${roomId}”.`;
    case "refused":
      return sentenceOfRefusal(reason, roomId);
  }
}

/** Ends a sentence with a moderator's reason, where one was given. */
function because(said: string): string {
  return said && !STANDING_WORDS.test(said) ? `: “${said}”.` : ".";
}

/** What a server says that was given no reason. */
const STANDING_WORDS = /^(a moderator ended the session|(the user is )?banned from the room)\.?$/i;

function sentenceOfRefusal(reason: ErrorReason | undefined, roomId: string): string {
  switch (reason) {
    case ErrorReason.ROOM_NOT_FOUND:
      return `Nobody has opened “${roomId}” on this server. It may begin later, or the address may be wrong.`;
    case ErrorReason.ROOM_FORBIDDEN:
      return `It does not open “${roomId}”. Paste one that does.`;
    case ErrorReason.ROLE_FORBIDDEN:
      return "Your token is not one to watch with.";
    case ErrorReason.INVALID_FIELD:
      return (
        `“${roomId}” cannot be the name of a room: it is 1 to 64 letters, digits and . _ : - ` +
        `and begins with a letter or digit.`
      );
    default:
      return "The server would not let you in, and gave no reason that we know.";
  }
}

/** What became of a message. */
export interface Fate {
  /** What to say about it; empty: nothing. */
  words: string;
  /** It was not taken, and may be sent again. */
  refused: boolean;
  /** The text that the room has instead; empty: the one that was sent. */
  altered: string;
}

/** What became of a message that the server answered. */
export function fateOf(answer: SendResponse): Fate {
  const altered = answer.alteredText;
  switch (answer.status) {
    case SendStatus.DROPPED_RATE_LIMITED:
      return { words: "Only you see this: the room is too busy.", refused: false, altered };
    case SendStatus.DROPPED_SLOW_MODE: {
      const seconds = Number(answer.retryAfter?.seconds ?? 0n) + 1;
      return { words: `Not sent: slow mode. Wait ${seconds} s.`, refused: true, altered };
    }
    default:
      return { words: "", refused: false, altered };
  }
}

/** Why a call failed, for the one who made it. */
export function sentenceOf(failure: Failure): string {
  switch (failure.reason) {
    case ErrorReason.MUTED:
      return `Not sent: you are muted${end(failure)}${because(failure.metadata.why ?? "")}`;
    case ErrorReason.BANNED:
      return `You are banned from this room${end(failure)}.`;
    case ErrorReason.MESSAGE_REFUSED:
      return "Not sent: the room’s word list does not allow these words.";
    case ErrorReason.USER_PROTECTED:
      return "The host, protected users, you yourself and, but for the host, other moderators cannot be muted, removed or banned.";
    case ErrorReason.MESSAGE_NOT_FOUND:
      return "The message is gone already.";
    case ErrorReason.NOT_IMPLEMENTED:
      return "This server cannot do that.";
    case ErrorReason.MESSAGE_TOO_LONG:
      return `Too long: at most ${failure.metadata.limit ?? "so many"} characters.`;
    case ErrorReason.MESSAGE_EMPTY:
      return "There is nothing to send.";
    case ErrorReason.ROOM_ENDED:
      return "The room has ended.";
    case ErrorReason.ATTRIBUTE_OWNED:
      return "Somebody else owns this key.";
    case ErrorReason.ATTRIBUTE_CONFLICT:
      return "It changed meanwhile. Look again.";
    case ErrorReason.ATTRIBUTE_LIMIT:
      return "That is more than this room keeps.";
    case ErrorReason.INSUFFICIENT_FUNDS:
      return `You have too few coins${balanceIn(failure)}. Nothing was paid.`;
    case ErrorReason.GIFT_PRICE_CHANGED:
      return "It has another price now. Nothing was paid: look again.";
    case ErrorReason.GIFT_NOT_FOUND:
      return "It cannot be given here any more. Nothing was paid.";
    case ErrorReason.QUIZ_ANSWER_LATE:
      return "Too late: the question takes no more answers.";
    case ErrorReason.QUIZ_NOT_PLAYING:
      return "You are not in this quiz: you are out, or came too late.";
    case ErrorReason.QUIZ_NOT_FOUND:
      return "This quiz is over.";
    case ErrorReason.REVIVE_UNAVAILABLE:
      return "You cannot come back in now.";
    case ErrorReason.ROLE_FORBIDDEN:
      return "You may not do this here.";
    case ErrorReason.LIMIT_EXCEEDED:
      return `Too fast. Wait ${failure.retryAfter > 0 ? `${Math.ceil(failure.retryAfter / 1_000)} s` : "a moment"}.`;
    case ErrorReason.TOKEN_EXPIRED:
      return "Your token has expired.";
    case ErrorReason.TOKEN_MISSING:
    case ErrorReason.TOKEN_INVALID:
      return "Your token was refused.";
    case ErrorReason.ROOM_NOT_FOUND:
      return "There is no such room any more.";
    case ErrorReason.ROOM_FORBIDDEN:
      return "Your token is for another room.";
    case ErrorReason.INVALID_FIELD:
      return "The server does not take this: it is too long, or not allowed here.";
    case ErrorReason.DRAINING:
    case ErrorReason.STORE_UNAVAILABLE:
    case ErrorReason.UNSPECIFIED:
      return "The server cannot be reached. Try again.";
    default:
      return "It did not work. Try again.";
  }
}

/** What somebody has who has too little, where it was said. */
function balanceIn({ metadata: { balance } }: Failure): string {
  return balance && /^\d{1,19}$/.test(balance) ? `: ${figure(BigInt(balance))}` : "";
}

/** When a ban or mute ends, where it does. */
function end({ until }: Failure): string {
  return until ? ` until ${momentOf(until)}` : "";
}
