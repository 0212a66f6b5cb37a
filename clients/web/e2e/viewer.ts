import { createHmac } from "node:crypto";

/** What a server in development mode signs with; it is public. */
const DEVELOPMENT_SECRET = "ovation-development-secret-do-not-use-in-production";

/** A token that a server in development mode takes, for an hour unless the claims say otherwise. */
export function mint(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ role: "viewer", exp, ...claims })}`;
  const signature = createHmac("sha256", DEVELOPMENT_SECRET).update(signed).digest("base64url");
  return `${signed}.${signature}`;
}

/** Another viewer, who speaks plain Connect JSON: nothing of the page's own code. */
export class Viewer {
  private constructor(
    private readonly url: string,
    private readonly roomId: string,
    private readonly token: string,
  ) {}

  static async enter(url: string, roomId: string): Promise<Viewer> {
    const response = await fetch(`${url}/dev/token?room=${roomId}`);
    const { token } = (await response.json()) as { token: string };
    return new Viewer(url, roomId, token);
  }

  /** The room's host. */
  static host(url: string, roomId: string): Viewer {
    return new Viewer(url, roomId, mint({ sub: "demo-host", name: "Host", role: "host", rooms: [roomId] }));
  }

  /** A user by name. */
  static named(url: string, roomId: string, userId: string): Viewer {
    return new Viewer(url, roomId, mint({ sub: userId, rooms: [roomId] }));
  }

  /** A backend of every room. */
  static backend(url: string, roomId: string): Viewer {
    return new Viewer(url, roomId, mint({ sub: "e2e", role: "backend", rooms: ["*"] }));
  }

  /** Changes the room's settings; the host's to do. */
  async configure(settings: object): Promise<void> {
    await this.call("RoomService/UpdateRoom", { settings });
  }

  /** Makes a user a moderator; the host's to do. */
  async appoint(userId: string): Promise<void> {
    await this.call("ModerationService/AddModerator", { userId });
  }

  /** Sends a text and returns its room timestamp. */
  async say(text: string): Promise<string> {
    const answer = (await this.call("FeedService/Send", { text })) as { timestamp: string };
    return answer.timestamp;
  }

  /** Takes a message back. */
  async recall(timestamp: string): Promise<void> {
    await this.call("FeedService/RecallMessage", { timestamp });
  }

  /** Sets an attribute. */
  async set(key: string, value: string): Promise<void> {
    const update = { key, value: Buffer.from(value).toString("base64") };
    await this.call("AttributeService/UpdateAttributes", { updates: [update] });
  }

  /** Makes a call about the room. */
  async call(method: string, body: object): Promise<unknown> {
    const response = await fetch(`${this.url}/ovation.v1.${method}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ roomId: this.roomId, ...body }),
    });
    if (!response.ok) throw new Error(`${method}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}
