import type { Api } from "./api.js";
import type { Cursor, SubscribeResponse, Welcome } from "./gen.js";
import { Watchdog, millis } from "./time.js";
import { type Ending, endingOf } from "./verdict.js";

/** How long to wait for Welcome before taking the way for one that holds streams back. */
const WELCOME_WITHIN = 5_000;

/** What to subscribe to. */
export interface Subscription {
  roomId: string;
  sessionId: string;
  cursor: Cursor | undefined;
}

/** Who hears of a stream's frames. */
export interface StreamListener {
  /** The first frame. */
  onWelcome(welcome: Welcome): void;
  /** Every other frame but the last. */
  onFrame(frame: SubscribeResponse["frame"]): void;
}

/**
 * Holds one stream open until it ends, and says how. It is given up when Welcome
 * does not come in time, and when nothing comes for twice the heartbeat interval.
 * The signal ends it early with the ending that it was aborted with.
 */
export async function holdStream(
  feed: Api["feed"],
  subscription: Subscription,
  listener: StreamListener,
  signal: AbortSignal,
): Promise<Ending> {
  if (signal.aborted) return signal.reason as Ending;
  const own = new AbortController();
  const either = AbortSignal.any([signal, own.signal]);
  const giveUp = (ending: Ending) => own.abort(ending);

  let patience: number | undefined;
  const watchdog = new Watchdog(() => giveUp({ kind: patience === undefined ? "no-welcome" : "silent" }));
  watchdog.feed(WELCOME_WITHIN);
  try {
    const { roomId, sessionId, cursor } = subscription;
    const request = { roomId, sessionId, ...(cursor && { cursor }) };
    for await (const { frame } of feed.subscribe(request, { signal: either })) {
      if (either.aborted) break;
      if (frame.case === "welcome") {
        patience = 2 * millis(frame.value.heartbeatInterval, 25_000);
        listener.onWelcome(frame.value);
      }
      watchdog.feed(patience ?? WELCOME_WITHIN);
      const ending = endingIn(frame);
      if (ending) return ending;
      if (frame.case !== "welcome") listener.onFrame(frame);
    }
    return either.aborted ? (either.reason as Ending) : { kind: "closed" };
  } catch (thrown) {
    return endingOf(either, thrown);
  } finally {
    watchdog.stop();
    giveUp({ kind: "closed" });
  }
}

function endingIn(frame: SubscribeResponse["frame"]): Ending | undefined {
  switch (frame.case) {
    case "kicked":
      return { kind: "kicked", kicked: frame.value };
    case "roomEnded":
      return { kind: "room-ended" };
    case "reconnect":
      return { kind: "reconnect", reconnect: frame.value };
    default:
      return undefined;
  }
}
