import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { Api } from "./api.js";
import type { Random } from "./backoff.js";
import { randomId } from "./id.js";
import { repeatable } from "./retry.js";

/**
 * Keeps order in a room. Everything may safely be called again, and is where the server
 * was away for a moment: it acts once.
 */
export class Moderator {
  constructor(
    private readonly roomId: string,
    private readonly api: () => Api,
    private readonly random: Random,
  ) {}

  /** Stops a user's messages for so many ms. */
  async mute(userId: string, ms: number): Promise<void> {
    const request = { roomId: this.roomId, userId, duration: durationFromMs(ms), requestId: randomId() };
    await repeatable(() => this.api().moderation.mute(request), this.random);
  }

  /** Shuts a user out, for good. */
  async ban(userId: string): Promise<void> {
    const request = { roomId: this.roomId, userId, requestId: randomId() };
    await repeatable(() => this.api().moderation.ban(request), this.random);
  }

  /** Ends a user's sessions; they may come back. */
  async kick(userId: string): Promise<void> {
    await repeatable(() => this.api().moderation.kick({ roomId: this.roomId, userId }), this.random);
  }

  /** Takes a message back, by its room timestamp. */
  async recall(timestamp: bigint): Promise<void> {
    await repeatable(() => this.api().feed.recallMessage({ roomId: this.roomId, timestamp }), this.random);
  }
}
