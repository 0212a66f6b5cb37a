import type { Api } from "./api.js";
import type { Random } from "./backoff.js";
import { repeatable } from "./retry.js";

/** How calls about one room are made. */
export interface RoomCalls {
  readonly roomId: string;
  readonly random: Random;
  /** The session, empty where there is none. */
  sessionId(): string;
  /** The services where the room is followed. */
  api(): Api;
  /** The services at the address that the client began with; any node takes any call. */
  home(): Api;
}

/** Makes a call that may safely be repeated: where it does not come through, at home. */
export function repeated<T>(calls: RoomCalls, call: (api: Api) => Promise<T>): Promise<T> {
  let isFirst = true;
  const attempt = () => {
    const api = isFirst ? calls.api() : calls.home();
    isFirst = false;
    return call(api);
  };
  return repeatable(attempt, calls.random);
}
