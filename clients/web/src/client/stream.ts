import type { Api } from "./api.js";
import { failureOf } from "./failure.js";
import type { Cursor, SubscribeResponse, Welcome } from "./gen.js";
import { Delivery } from "./gen.js";
import { Watchdog, millis } from "./time.js";
import type { Ending } from "./verdict.js";

/** How long to wait for Welcome before taking the way for one that holds streams back. */
export const WELCOME_WITHIN = 5_000;

/** What to subscribe to. */
export interface Subscription {
  roomId: string;
  sessionId: string;
  cursor: Cursor | undefined;
  delivery?: Delivery;
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
  const abort = new AbortController();
  const giveUp = (ending: Ending) => abort.abort(ending);
  const stopped = () => giveUp(signal.reason as Ending);
  if (signal.aborted) return signal.reason as Ending;
  signal.addEventListener("abort", stopped);

  let patience: number | undefined;
  const watchdog = new Watchdog(() => giveUp({ kind: patience === undefined ? "no-welcome" : "silent" }));
  watchdog.feed(WELCOME_WITHIN);
  try {
    const { roomId, sessionId, cursor, delivery } = subscription;
    const request = {
      roomId,
      sessionId,
      delivery: delivery ?? Delivery.UNSPECIFIED,
      ...(cursor && { cursor }),
    };
    for await (const { frame } of feed.subscribe(request, { signal: abort.signal })) {
      if (abort.signal.aborted) break;
      if (frame.case === "welcome") {
        patience = 2 * millis(frame.value.heartbeatInterval, 25_000);
        listener.onWelcome(frame.value);
      }
      watchdog.feed(patience ?? WELCOME_WITHIN);
      const ending = endingOf(frame);
      if (ending) return ending;
      if (frame.case !== "welcome") listener.onFrame(frame);
    }
    return abort.signal.aborted ? (abort.signal.reason as Ending) : { kind: "closed" };
  } catch (thrown) {
    if (abort.signal.aborted) return abort.signal.reason as Ending;
    return { kind: "failed", failure: failureOf(thrown) };
  } finally {
    watchdog.stop();
    signal.removeEventListener("abort", stopped);
    abort.abort({ kind: "closed" } satisfies Ending);
  }
}

function endingOf(frame: SubscribeResponse["frame"]): Ending | undefined {
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
