// The one door to the generated contracts.
export * from "../../../../gen/es/ovation/v1/attribute_pb.js";
export * from "../../../../gen/es/ovation/v1/errors_pb.js";
export * from "../../../../gen/es/ovation/v1/feed_pb.js";
export * from "../../../../gen/es/ovation/v1/gift_pb.js";
export * from "../../../../gen/es/ovation/v1/message_pb.js";
export * from "../../../../gen/es/ovation/v1/moderation_pb.js";
export * from "../../../../gen/es/ovation/v1/quiz_pb.js";
export * from "../../../../gen/es/ovation/v1/room_pb.js";
export * from "../../../../gen/es/ovation/v1/wallet_pb.js";
