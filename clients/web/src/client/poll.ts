import { type Link, type RoomSync, PACE } from "./room-sync.js";
import { sleep } from "./time.js";
import { type Ending, endingOf } from "./verdict.js";

/** How long the server may hold a poll. */
const HELD = 20_000;

/**
 * Follows the room by long polls for a while: where something on the way holds
 * streams back, every answer still comes through whole. `look` is called now and then, to
 * ask for what only streams tell of.
 */
export async function poll(link: Link, sync: RoomSync, duration: number, look: () => void): Promise<Ending> {
  const { signal } = link;
  const until = Date.now() + duration;
  let lookAt = 0;
  try {
    while (Date.now() < until && !signal.aborted) {
      if (Date.now() >= lookAt) {
        lookAt = Date.now() + HELD;
        look();
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
