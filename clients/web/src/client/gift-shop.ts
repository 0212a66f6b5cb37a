import type { Gift, SendGiftResponse } from "./gen.js";
import { randomId } from "./id.js";
import { type RoomCalls, repeated } from "./room-calls.js";

/** How a gift is given, other than one to the room's host. */
export interface GiftOrder {
  /** How many: 1-10,000. */
  count?: number;
  /** Who gets them; a room without host needs it. */
  receiverId?: string;
  /** Names the payment: the same id pays once, whenever. */
  requestId?: string;
}

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
   * Gives a gift at the price that it was shown at. Once it returns, it is paid. Where it may or
   * may not be (isUnsure), call again with the same id.
   */
  give({ giftId, price }: Gift, order: GiftOrder = {}): Promise<SendGiftResponse> {
    const { count = 1, receiverId = "", requestId = randomId() } = order;
    const request = { roomId: this.calls.roomId, giftId, count, receiverId, expectedPrice: price, requestId };
    return repeated(this.calls, (api) => api.gifts.sendGift(request));
  }
}
