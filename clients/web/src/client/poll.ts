import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { failureOf } from "./failure.js";
import type { Online } from "./gen.js";
import type { Link, RoomSync } from "./room-sync.js";
import { sleep } from "./time.js";
import type { Ending } from "./verdict.js";

/** How long the server may hold a poll. */
const HELD = 20_000;
/** How much longer than that the answer may take. */
const GRACE = 10_000;
/** Least time between two polls: a busy room is read in gulps, and no answer, however quick, makes a busy loop. */
const PACE = 250;

/**
 * Follows the room by long polls for a while: where something on the way holds
 * streams back, every answer still comes through whole.
 */
export async function poll(
  link: Link,
  sync: RoomSync,
  duration: number,
  onOnline: (online: Online) => void,
): Promise<Ending> {
  const { api, roomId, sessionId, signal } = link;
  const until = Date.now() + duration;
  let countAt = 0;
  try {
    while (Date.now() < until && !signal.aborted) {
      const cursor = sync.inbox.cursor;
      const request = { roomId, sessionId, wait: durationFromMs(HELD), ...(cursor && { cursor }) };
      if (Date.now() >= countAt) {
        countAt = Date.now() + HELD;
        const counters = api.room.getRoom({ roomId }, { signal, timeoutMs: GRACE });
        counters.then(({ online }) => online && onOnline(online)).catch(() => {});
      }
      const answer = await api.feed.pull(request, { signal, timeoutMs: HELD + GRACE });
      sync.takePulled(answer, cursor);
      if (!answer.batch?.more) await sleep(PACE, signal);
    }
  } catch (thrown) {
    if (!signal.aborted) return { kind: "failed", failure: failureOf(thrown) };
  }
  return signal.aborted ? (signal.reason as Ending) : { kind: "polled" };
}
