import {
  type Client,
  type Interceptor,
  type Transport,
  Code,
  ConnectError,
  createClient,
} from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import {
  AttributeService,
  FeedService,
  GiftService,
  ModerationService,
  QuizService,
  RoomService,
  WalletService,
} from "./gen.js";
import type { TokenSource } from "./token.js";

/** How long an answer may take that the server does not hold. */
export const ANSWER_WITHIN = 10_000;

/** The services of one address. */
export interface Api {
  room: Client<typeof RoomService>;
  feed: Client<typeof FeedService>;
  attributes: Client<typeof AttributeService>;
  moderation: Client<typeof ModerationService>;
  gifts: Client<typeof GiftService>;
  wallet: Client<typeof WalletService>;
  quiz: Client<typeof QuizService>;
}

/** Opens the services of an address; the empty one is home. */
export type Dial = (endpoint: string) => Api;

/** The services behind a transport. */
export function apiOver(transport: Transport): Api {
  return {
    room: createClient(RoomService, transport),
    feed: createClient(FeedService, transport),
    attributes: createClient(AttributeService, transport),
    moderation: createClient(ModerationService, transport),
    gifts: createClient(GiftService, transport),
    wallet: createClient(WalletService, transport),
    quiz: createClient(QuizService, transport),
  };
}

/**
 * Dials with Connect over fetch; `home` is the base address for the empty endpoint. It is
 * the server that names the others, whom home trusts with its token already; one that is
 * not to be called is home all the same.
 */
export function dialWeb(home: string, tokens: TokenSource): Dial {
  return (endpoint) =>
    apiOver(
      createConnectTransport({
        baseUrl: mayLead(home, endpoint) ? endpoint : home,
        useBinaryFormat: true,
        interceptors: [bearer(tokens)],
      }),
    );
}

/** Whether an endpoint is an address to call in place of home: one that keeps the encryption of home. */
export function mayLead(home: string, endpoint: string): boolean {
  if (!URL.canParse(endpoint)) return false;
  const { protocol } = new URL(endpoint);
  return protocol === "https:" || (protocol === "http:" && !home.startsWith("https:"));
}

/**
 * Puts the token on every call. A unary call that is refused as unauthenticated is
 * made once more with a new token; a stream says so only later, to its reader.
 */
export function bearer(tokens: TokenSource): Interceptor {
  return (next) => async (request) => {
    request.header.set("Authorization", `Bearer ${(await tokens.get()).value}`);
    try {
      return await next(request);
    } catch (thrown) {
      const refused = ConnectError.from(thrown).code === Code.Unauthenticated;
      if (!refused || request.stream || !tokens.renewable) throw thrown;
      tokens.invalidate();
      request.header.set("Authorization", `Bearer ${(await tokens.get()).value}`);
      return next(request);
    }
  };
}
