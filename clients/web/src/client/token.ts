/** A bearer token. */
export interface Token {
  value: string;
  /** Whose it is, where that is known. */
  userId?: string;
  /** From when on (ms since 1970) a new one should be fetched; absent: it cannot be renewed. */
  renewAt?: number;
}

/** Where tokens come from. */
export interface TokenSource {
  /** Whether a rejected token can be replaced without a person. */
  readonly renewable: boolean;
  /** The current token, fetched first where need be. Rejects with TokenNeeded where a person must bring one. */
  get(): Promise<Token>;
  /** The server refused the current token. */
  invalidate(): void;
}

/** There is no token, and none can be had without a person. */
export class TokenNeeded extends Error {
  constructor() {
    super("a token is needed");
    this.name = "TokenNeeded";
  }
}

/** A token that somebody was given, used until the server refuses it. */
export function givenToken(value: string): TokenSource {
  let valid = true;
  return {
    renewable: false,
    get: async () => {
      if (!valid) throw new TokenNeeded();
      return { value };
    },
    invalidate: () => {
      valid = false;
    },
  };
}

/** How long before its end a token is renewed. */
const RENEWAL_MARGIN = 30_000;

/** Tokens that a server in development mode hands out for a room; in production it has none. */
export function developmentToken(roomId: string, fetcher: typeof fetch = fetch): TokenSource {
  let current: Promise<Token> | undefined;
  let renewAt = Infinity;

  const renew = async (): Promise<Token> => {
    const token = await fetchToken(roomId, fetcher);
    renewAt = token.renewAt ?? Infinity;
    return token;
  };
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
    },
  };
}

async function fetchToken(roomId: string, fetcher: typeof fetch): Promise<Token> {
  const response = await fetcher(`/dev/token?room=${encodeURIComponent(roomId)}`, { cache: "no-store" });
  if (response.status === 404) throw new TokenNeeded();
  if (!response.ok) throw new Error(`the server answered ${response.status} when asked for a token`);
  // A server that answers every unknown path with its page is not in development mode either.
  if (!response.headers.get("content-type")?.includes("json")) throw new TokenNeeded();
  const body = (await response.json()) as { token: string; user_id: string; expires_at: string };
  const end = Date.parse(body.expires_at) - RENEWAL_MARGIN;
  // A clock that is ahead of the server's must not make every call fetch a token.
  const renewAt = Math.max(end, Date.now() + RENEWAL_MARGIN);
  return { value: body.token, userId: body.user_id, renewAt };
}
