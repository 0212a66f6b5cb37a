import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TokenNeeded, developmentToken, givenToken } from "./token.js";

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

function answers(...bodies: (object | number)[]) {
  return vi.fn(async () => {
    const body = bodies.shift() ?? 500;
    return typeof body === "number" ? new Response("", { status: body }) : Response.json(body);
  });
}

function issued(token: string, inMs: number) {
  return { token, user_id: "ada", expires_at: new Date(Date.now() + inMs).toISOString() };
}

describe("developmentToken", () => {
  it("asks for the room's token once, and again before it expires", async () => {
    const fetcher = answers(issued("one", 120_000), issued("two", 600_000));
    const tokens = developmentToken("a/b", fetcher);
    const [first] = await Promise.all([tokens.get(), tokens.get()]);
    expect(first).toEqual({ value: "one", userId: "ada", renewAt: 1_090_000 });
    expect(fetcher).toHaveBeenCalledExactlyOnceWith("/dev/token?room=a%2Fb", { cache: "no-store" });
    vi.setSystemTime(1_089_999);
    expect((await tokens.get()).value).toBe("one");
    vi.setSystemTime(1_090_000);
    expect((await tokens.get()).value).toBe("two");
  });

  it("does not ask on every call where clocks disagree", async () => {
    const tokens = developmentToken("demo", answers(issued("old", -3_600_000)));
    expect((await tokens.get()).renewAt).toBe(1_030_000);
    expect((await tokens.get()).value).toBe("old");
  });

  it("asks again once refused, and once a request failed", async () => {
    const tokens = developmentToken("demo", answers(503, issued("one", 1e6), issued("two", 1e6)));
    await expect(tokens.get()).rejects.toThrow("503");
    expect((await tokens.get()).value).toBe("one");
    tokens.invalidate();
    expect((await tokens.get()).value).toBe("two");
  });

  it("is the same guest to who comes back with the same store, until it ends or is refused", async () => {
    const kept = new Map<string, string>();
    const store = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    };
    const fetcher = answers(issued("one", 120_000), issued("two", 600_000), issued("three", 600_000));
    const open = (room = "demo") => developmentToken(room, fetcher, store);
    expect((await open().get()).value).toBe("one");
    expect(await open().get()).toEqual({ value: "one", userId: "ada", renewAt: 1_090_000 });
    vi.setSystemTime(1_090_000);
    const second = open();
    expect((await second.get()).value).toBe("two");
    second.invalidate();
    expect((await open().get()).value).toBe("three");
    kept.set([...kept.keys()][0]!, "no json");
    await expect(open().get()).rejects.toThrow("500");
  });

  it("needs a person where the server hands out none", async () => {
    await expect(developmentToken("demo", answers(404)).get()).rejects.toThrow(TokenNeeded);
    const page = async () => new Response("<html>", { headers: { "content-type": "text/html" } });
    await expect(developmentToken("demo", page).get()).rejects.toThrow(TokenNeeded);
  });
});

describe("givenToken", () => {
  it("is good until refused", async () => {
    const tokens = givenToken("t");
    expect(await tokens.get()).toEqual({ value: "t" });
    tokens.invalidate();
    await expect(tokens.get()).rejects.toMatchObject({ lack: "refused" });
  });

  it("remembers that it has expired", async () => {
    const tokens = givenToken("t");
    tokens.invalidate("expired");
    tokens.invalidate("refused");
    await expect(tokens.get()).rejects.toMatchObject({ lack: "expired" });
  });

  it("says whose it is", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const jwt = (claims: object) => `${part({ alg: "HS256" })}.${part(claims)}.signature`;
    const ada = await givenToken(jwt({ sub: "u1", name: "Ада ✨" })).get();
    expect(ada).toMatchObject({ userId: "u1", name: "Ада ✨" });
    expect(await givenToken(jwt({ sub: 7 })).get()).not.toHaveProperty("userId");
    expect(await givenToken("a.b.c").get()).toEqual({ value: "a.b.c" });
  });

  it("is refused without asking where no header can carry it", async () => {
    await expect(givenToken("ключ").get()).rejects.toMatchObject({ lack: "refused" });
  });
});
