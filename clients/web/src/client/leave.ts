import { toJsonString } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { LeaveRoomRequestSchema, RoomService } from "./gen.js";

/**
 * Says goodbye while the page goes away: the request outlives the page, and is on
 * its way before this returns. Nobody is left to read the answer; without it the
 * server finds out by itself.
 */
export function sayGoodbye(home: string, token: string, roomId: string, sessionId: string): void {
  const { typeName, method } = RoomService;
  const body = toJsonString(LeaveRoomRequestSchema, create(LeaveRoomRequestSchema, { roomId, sessionId }));
  const headers = {
    "Content-Type": "application/json",
    "Connect-Protocol-Version": "1",
    Authorization: `Bearer ${token}`,
  };
  const address = `${home.replace(/\/$/, "")}/${typeName}/${method.leaveRoom.name}`;
  fetch(address, { method: "POST", keepalive: true, headers, body }).catch(() => {});
}
