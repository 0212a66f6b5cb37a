import type { Gift, SendGiftResponse } from "./gen.js";
import { randomId } from "./id.js";
import { type RoomCalls, repeated } from "./room-calls.js";

/** Gives the room's gifts, from the caller's own balance. */
export class GiftShop {
  constructor(private readonly calls: RoomCalls) {}

  /** The catalogue as it is now: what can be given here. */
  async gifts(): Promise<Gift[]> {
    const all: Gift[] = [];
    let pageToken = "";
    do {
      const request = { roomId: this.calls.roomId, pageSize: 1_000, pageToken };
      const page = await repeated(this.calls, (api) => api.gifts.listGifts(request));
      all.push(...page.gifts);
      pageToken = page.nextPageToken;
    } while (pageToken);
    return all;
  }

  /** The coins that the caller can spend now. */
  async balance(): Promise<bigint> {
    const { balance } = await repeated(this.calls, (api) => api.wallet.getBalance({}));
    return balance?.coins ?? 0n;
  }

  /**
   * Gives a gift to the room's host, at the price that it was shown at. Once it returns, it is
   * paid. Where no answer came, call again with the same id, which pays once, whenever.
   */
  give(gift: Gift, count = 1, requestId = randomId()): Promise<SendGiftResponse> {
    const { roomId } = this.calls;
    const request = { roomId, giftId: gift.giftId, count, expectedPrice: gift.price, requestId };
    return repeated(this.calls, (api) => api.gifts.sendGift(request));
  }
}
