/** A bearer token. */
export interface Token {
  value: string;
  /** Whose it is, where that is known. */
  userId?: string;
  /** The name that others see, where that is known. */
  name?: string;
  /** From when on (ms since 1970) a new one should be fetched; absent: it cannot be renewed. */
  renewAt?: number;
}

/** What the server has against a token. */
export type TokenFault = "refused" | "expired";

/** Why there is no token to call with: nobody brought one, or what became of it. */
export type TokenLack = "none" | TokenFault;

/** Where tokens come from. */
export interface TokenSource {
  /** Whether a rejected token can be replaced without a person. */
  readonly renewable: boolean;
  /** The current token, fetched first where need be. Rejects with TokenNeeded where a person must bring one. */
  get(): Promise<Token>;
  /** The server does not take the current token; refused where nothing else is said. */
  invalidate(fault?: TokenFault): void;
}

/** There is no token, and none can be had without a person. */
export class TokenNeeded extends Error {
  constructor(readonly lack: TokenLack = "none") {
    super(lack === "none" ? "a token is needed" : `the token is ${lack}`);
    this.name = "TokenNeeded";
  }
}

/** What fits into a header; nothing else is a token. */
const SENDABLE = /^[\x20-\x7e]+$/;

/** A token that somebody was given, used until the server refuses it. */
export function givenToken(value: string): TokenSource {
  let fault: TokenFault | undefined = SENDABLE.test(value) ? undefined : "refused";
  const token: Token = { value, ...bearerOf(value) };
  return {
    renewable: false,
    get: async () => {
      if (fault) throw new TokenNeeded(fault);
      return token;
    },
    invalidate: (found = "refused") => {
      fault ??= found;
    },
  };
}

/** Who a token says its bearer is. Only the server can tell whether that is true. */
function bearerOf(value: string): Pick<Token, "userId" | "name"> {
  try {
    const payload = (value.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as {
      sub?: unknown;
      name?: unknown;
    };
    return {
      ...(typeof claims.sub === "string" && claims.sub && { userId: claims.sub }),
      ...(typeof claims.name === "string" && claims.name && { name: claims.name }),
    };
  } catch {
    return {};
  }
}

/** How long before its end a token is renewed. */
const RENEWAL_MARGIN = 30_000;

/** Where a development token outlives the page, so that who reloads it is the same guest. */
export type TokenStore = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** What the server answers when asked for a development token. */
interface Issued {
  token: string;
  user_id: string;
  expires_at: string;
}

/** Tokens that a server in development mode hands out for a room; in production it has none. */
export function developmentToken(
  roomId: string,
  fetcher: typeof fetch = fetch,
  store?: TokenStore,
): TokenSource {
  const place = `ovation.development-token.${roomId}`;
  let current: Promise<Token> | undefined;
  let renewAt = Infinity;

  const stored = (): Token | undefined => {
    try {
      const issued = JSON.parse(store?.getItem(place) ?? "null") as Issued | null;
      const end = issued ? endOf(issued) : 0;
      return issued && end > Date.now() ? tokenOf(issued, end) : undefined;
    } catch {
      return undefined; // not what was put there, or no access
    }
  };
  const renew = async (): Promise<Token> => {
    const issued = await fetchToken(roomId, fetcher);
    // A clock that is ahead of the server's must not make every call fetch a token.
    const token = tokenOf(issued, Math.max(endOf(issued), Date.now() + RENEWAL_MARGIN));
    renewAt = token.renewAt ?? Infinity;
    try {
      store?.setItem(place, JSON.stringify(issued));
    } catch {
      // Without a store a reload is another guest.
    }
    return token;
  };
  const first = stored();
  if (first) {
    current = Promise.resolve(first);
    renewAt = first.renewAt ?? Infinity;
  }
  return {
    renewable: true,
    get: () => {
      if (current && Date.now() < renewAt) return current;
      renewAt = Infinity;
      const fetched = renew();
      current = fetched;
      fetched.catch(() => {
        if (current === fetched) current = undefined;
      });
      return fetched;
    },
    invalidate: () => {
      current = undefined;
      try {
        store?.removeItem(place);
      } catch {
        // It was never there.
      }
    },
  };
}

/** When an issued token should be renewed. */
function endOf(issued: Issued): number {
  return Date.parse(issued.expires_at) - RENEWAL_MARGIN;
}

function tokenOf(issued: Issued, renewAt: number): Token {
  return { value: issued.token, userId: issued.user_id, renewAt };
}

async function fetchToken(roomId: string, fetcher: typeof fetch): Promise<Issued> {
  const response = await fetcher(`/dev/token?room=${encodeURIComponent(roomId)}`, { cache: "no-store" });
  if (response.status === 404) throw new TokenNeeded();
  if (!response.ok) throw new Error(`the server answered ${response.status} when asked for a token`);
  // A server that answers every unknown path with its page is not in development mode either.
  if (!response.headers.get("content-type")?.includes("json")) throw new TokenNeeded();
  return (await response.json()) as Issued;
}
