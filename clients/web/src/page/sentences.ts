import {
  type ConnectionState,
  type Failure,
  type SendResponse,
  type StopReason,
  ErrorReason,
  SendStatus,
} from "../client/index.js";

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
      return { tone: "busy", text: "Reconnecting" };
    case "dormant":
      return { tone: "busy", text: "Paused while you were away" };
    case "stopped":
      return { tone: "bad", text: TITLES[state.why] };
  }
}

const TITLES: Record<StopReason, string> = {
  "room-ended": "The room has ended",
  kicked: "You were removed",
  banned: "You are banned from this room",
  replaced: "Open elsewhere",
  "token-needed": "A token is needed",
  refused: "This room cannot be entered",
};

/** The sentence that goes with the end of a connection. */
export function sentenceOfStop(why: StopReason, said: string, roomId: string): string {
  switch (why) {
    case "room-ended":
      return "Thank you for being there.";
    case "kicked":
      return said || "A moderator ended your session.";
    case "banned":
      return said || "A moderator has banned you.";
    case "replaced":
      return "This session goes on in another window.";
    case "token-needed":
      return (
        `This server hands out tokens by itself only in development mode. ` +
        `Paste a token for room “${roomId}” to enter it.`
      );
    case "refused":
      return said ? `It answered: ${said}.`.replace(/\.\.$/, ".") : "It gave no reason.";
  }
}

/** What became of a message that was not taken; empty: it was. */
export function fateOf(answer: SendResponse): string {
  switch (answer.status) {
    case SendStatus.DROPPED_RATE_LIMITED:
      return "Only you see this: the room is too busy.";
    case SendStatus.DROPPED_SLOW_MODE:
      return `Not sent: slow mode. Wait ${Number(answer.retryAfter?.seconds ?? 0n) + 1} s.`;
    default:
      return "";
  }
}

/** Why a call failed, for the one who made it. */
export function sentenceOf(failure: Failure): string {
  switch (failure.reason) {
    case ErrorReason.MUTED:
      return "You are muted.";
    case ErrorReason.BANNED:
      return "You are banned from this room.";
    case ErrorReason.MESSAGE_REFUSED:
      return "The room does not want these words.";
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
    case ErrorReason.ROLE_FORBIDDEN:
      return "Viewers may not do this here.";
    case ErrorReason.LIMIT_EXCEEDED:
      return "Too fast. Wait a moment.";
    case ErrorReason.UNSPECIFIED:
      return "The server cannot be reached. Try again.";
    default:
      return failure.message || "It did not work. Try again.";
  }
}
