import { ANSWER_WITHIN } from "./api.js";
import type { Online } from "./gen.js";
import { type Link, type RoomSync, PACE } from "./room-sync.js";
import { sleep } from "./time.js";
import { type Ending, endingOf } from "./verdict.js";

/** How long the server may hold a poll. */
const HELD = 20_000;

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
  const { api, roomId, signal } = link;
  const until = Date.now() + duration;
  let countAt = 0;
  try {
    while (Date.now() < until && !signal.aborted) {
      if (Date.now() >= countAt) {
        countAt = Date.now() + HELD;
        const counters = api.room.getRoom({ roomId }, { signal, timeoutMs: ANSWER_WITHIN });
        counters.then(({ online }) => online && onOnline(online)).catch(() => {});
      }
      const more = await sync.pullOnce(link, HELD);
      // A busy room is read in gulps, and no answer, however quick, makes a busy loop.
      if (!more) await sleep(PACE, signal);
    }
  } catch (thrown) {
    return endingOf(signal, thrown);
  }
  return signal.aborted ? (signal.reason as Ending) : { kind: "polled" };
}
