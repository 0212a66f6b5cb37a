import { type MessageInitShape, create, toBinary } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import {
  type Gift,
  type Message,
  type SendGiftRequest,
  Bucket,
  GiftCountersSchema,
  GiftMessageSchema,
  GiftSchema,
  GiftService,
  MessageKind,
  WalletService,
} from "../gen.js";
import { message } from "./make.js";

/** What a room sells and what was given there. Tests turn its knobs. */
export class FakeGifts {
  catalogue: Gift[] = [];
  counters: MessageInitShape<typeof GiftCountersSchema> = {};
  pending = 0n;
  balance = 100n;
  /** What was sent, in order. */
  readonly sent: SendGiftRequest[] = [];

  /** Serves them; `called` hears of each call, and may throw. */
  serve({ service }: ConnectRouter, called: (name: string) => void): void {
    service(GiftService, {
      listGifts: ({ pageToken }) => {
        called("listGifts");
        const at = Number(pageToken);
        const nextPageToken = at + 1 < this.catalogue.length ? String(at + 1) : "";
        return { gifts: this.catalogue.slice(at, at + 1), nextPageToken };
      },
      sendGift: (request) => {
        this.sent.push(request);
        called("sendGift");
        this.balance -= request.expectedPrice;
        return { balance: this.balance };
      },
      getGiftTotals: () => {
        called("getGiftTotals");
        return { settled: create(GiftCountersSchema, this.counters), pendingGifts: this.pending };
      },
    });
    service(WalletService, {
      getBalance: () => {
        called("getBalance");
        return { balance: { coins: this.balance } };
      },
    });
  }
}

/** A gift of the catalogue. */
export function gift(giftId: string, price: number): Gift {
  return create(GiftSchema, { giftId, name: giftId, price: BigInt(price) });
}

/** A gift's own message, in the bucket HIGH. */
export function gifted(
  sequence: number,
  what: MessageInitShape<typeof GiftMessageSchema>,
  more: MessageInitShape<typeof GiftMessageSchema> = {},
): Message {
  const payload = toBinary(GiftMessageSchema, create(GiftMessageSchema, { ...what, ...more } as typeof what));
  return message(Bucket.HIGH, sequence, sequence * 10, {
    kind: MessageKind.GIFT,
    text: "",
    senderId: "ada",
    contentType: "application/protobuf; message=ovation.v1.GiftMessage",
    payload,
  });
}
