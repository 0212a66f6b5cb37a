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
    await expect(tokens.get()).rejects.toThrow(TokenNeeded);
  });
});
