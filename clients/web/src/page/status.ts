import { type ConnectionState, type Online, type Room, type Tally, Bucket } from "../client/index.js";
import { byId, write } from "./elements.js";
import { onceAFrame } from "./once-a-frame.js";
import { wordsOfState, wordsOfWay } from "./sentences.js";

/** Over how many seconds the rate is taken. */
const RATE_OVER = 5;

/** The room's title, who is there, how the connection stands, and what was counted. */
export class Status {
  #state: ConnectionState = { phase: "connecting" };
  #tally: Tally | undefined;
  #received: number[] = [];
  #draw = onceAFrame(() => this.#drawTally());
  #numbers = new Intl.NumberFormat();

  constructor() {
    setInterval(() => this.#tick(), 1_000);
  }

  /** Shows the connection's state. */
  state(state: ConnectionState): void {
    this.#state = state;
    const { tone, text } = wordsOfState(state);
    byId("state").dataset.tone = tone;
    write(byId("state-text"), text);
    const { text: way, title } = wordsOfWay(state.phase === "live" ? state.way : undefined);
    write(byId("way"), way);
    byId("way").title = title;
    this.#countDown();
  }

  /** Shows the room's title. */
  room(room: Room): void {
    const title = room.title || room.roomId;
    write(byId("room-title"), title);
    write(byId("room-id"), title === room.roomId ? "" : room.roomId);
    document.title = `${title} · Ovation`;
  }

  /** Shows who is there. */
  online({ users, sessions }: Online): void {
    byId("online").hidden = false;
    write(byId("online-users"), this.#numbers.format(users));
    write(byId("online-users-noun"), users === 1n ? "viewer" : "viewers");
    write(byId("online-sessions"), this.#numbers.format(sessions));
    write(byId("online-sessions-noun"), sessions === 1n ? "session" : "sessions");
  }

  /** Shows what was counted. */
  tally(tally: Tally): void {
    this.#tally = tally;
    this.#draw();
  }

  #drawTally(): void {
    if (!this.#tally) return;
    const { received, reconnects, resyncs, lost } = this.#tally;
    const counts: [string, number][] = [
      ["received", received],
      ["reconnects", reconnects],
      ["resyncs", resyncs],
      ["lost-whitelist", lost[Bucket.WHITELIST]],
      ["lost-high", lost[Bucket.HIGH]],
      ["lost-low", lost[Bucket.LOW]],
    ];
    for (const [id, count] of counts) {
      write(byId(id), this.#numbers.format(count));
      byId(id).classList.toggle("amiss", id.startsWith("lost") && count > 0);
    }
  }

  #tick(): void {
    this.#received.push(this.#tally?.received ?? 0);
    if (this.#received.length > RATE_OVER + 1) this.#received.shift();
    const seconds = Math.max(1, this.#received.length - 1);
    const rate = (this.#received.at(-1)! - this.#received[0]!) / seconds;
    write(byId("rate"), rate < 10 ? rate.toFixed(1) : rate.toFixed(0));
    this.#countDown();
  }

  #countDown(): void {
    const left = this.#state.phase === "waiting" ? Math.ceil((this.#state.until - Date.now()) / 1_000) : 0;
    write(byId("state-extra"), left > 1 ? ` in ${left} s` : "");
  }
}
