import { fromBinary } from "@bufbuild/protobuf";
import { type GiftMessage, type Message, GiftMessageSchema, MessageKind } from "./gen.js";

/** What the payload of a gift's own message is. */
const CONTENT_TYPE = /^application\/protobuf\s*;\s*message=ovation\.v1\.GiftMessage$/i;

/** What a message says was given; undefined: it is no gift's own message. */
export function giftIn({ kind, contentType, payload }: Message): GiftMessage | undefined {
  if (kind !== MessageKind.GIFT || !CONTENT_TYPE.test(contentType)) return undefined;
  try {
    return fromBinary(GiftMessageSchema, payload);
  } catch {
    return undefined;
  }
}
