import { type TokenSource, developmentToken, givenToken } from "../client/index.js";

/**
 * Where the page's tokens come from: the address, else what this tab entered with
 * before, else the server itself in development mode.
 */
export class Credentials {
  #given: string | undefined;

  constructor(private readonly roomId: string) {}

  /** The page goes by a token of the server's own, which only development mode has. */
  get ofDevelopment(): boolean {
    return this.#given === undefined;
  }

  /** A token that somebody pasted. */
  paste(token: string): TokenSource {
    this.#given = token;
    return givenToken(token);
  }

  /** The best that there is without asking anybody. */
  find(): TokenSource {
    const given = hash().get("token") ?? store()?.getItem(this.#place) ?? undefined;
    if (given) return this.paste(given);
    this.#given = undefined;
    return developmentToken(this.roomId, undefined, store());
  }

  /** The token was good: this tab keeps it, and the address, which is easily copied, no longer shows it. */
  entered(): void {
    if (this.#given === undefined) return;
    try {
      store()?.setItem(this.#place, this.#given);
    } catch {
      return; // without a store the address is all that there is
    }
    const rest = hash();
    if (!rest.has("token") || !store()) return;
    rest.delete("token");
    const fragment = rest.size > 0 ? `#${rest}` : "";
    history.replaceState(history.state, "", location.pathname + location.search + fragment);
  }

  /** The token is good no more. */
  drop(): void {
    store()?.removeItem(this.#place);
  }

  get #place(): string {
    return `ovation.token.${this.roomId}`;
  }
}

function hash(): URLSearchParams {
  return new URLSearchParams(location.hash.slice(1));
}

/** What lasts as long as the tab; undefined where the browser keeps nothing. */
function store(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}
