import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launch, missing, watched } from "./chromium.js";
import { Server, ServerBinary } from "./server.js";
import { done, refusal } from "./refusal.js";
import { Viewer, mint } from "./viewer.js";
import { ErrorReason } from "../src/client/gen.js";

describe.skipIf(missing)("the page", () => {
  let binary: ServerBinary;
  let server: Server;
  let browser: Browser;
  let page: Page;
  /** What the page complained of. */
  let complaints: string[];

  beforeAll(async () => {
    binary = new ServerBinary();
    server = await Server.start(binary);
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.kill();
    binary?.remove();
  });

  beforeEach(async () => {
    complaints = [];
    page = await open(`${server.url}/?room=demo`);
  });

  afterEach(async () => {
    await page.close();
  });

  async function open(url: string, tab?: Page): Promise<Page> {
    const opened = watched(tab ?? (await browser.newPage()), complaints);
    await opened.goto(url);
    return opened;
  }

  const live = (tab = page) => tab.locator("#state-text", { hasText: /^Live$/ }).waitFor();
  const line = (text: string) => page.locator("#chat li", { hasText: text });

  it("enters the demo room and says so", async () => {
    await live();
    expect(await page.locator("#room-title").textContent()).not.toBe("Ovation");
    await expect.poll(() => page.locator("#online-users").textContent()).toMatch(/^[1-9]/);
    expect(complaints).toEqual([]);
  });

  it("shows what others say, as text and nothing else", async () => {
    await live();
    const other = await Viewer.enter(server.url, "demo");
    const markup = `<img src=x onerror="document.title='broken'"> & so on`;
    await other.say(markup);
    await line(markup).waitFor();
    expect(await page.locator("#chat img").count()).toBe(0);
    expect(await page.title()).not.toBe("broken");
  });

  it("shows many messages in order, each once", async () => {
    await live();
    const other = await Viewer.enter(server.url, "demo");
    for (let i = 1; i <= 60; i++) await other.say(`count ${i}.`);
    await line("count 60.").waitFor();
    const counted = await page
      .locator("#chat li .words")
      .evaluateAll((words) =>
        words.map((w) => w.textContent ?? "").filter((text) => text.startsWith("count ")),
      );
    expect(counted).toEqual(Array.from({ length: 60 }, (_, i) => `count ${i + 1}.`));
    expect(await page.locator("#lost-low").textContent()).toBe("0");
  });

  it("sends a message, shows it at once and only once", async () => {
    await live();
    await page.locator("#composer-text").fill("hello from the page");
    await page.locator("#composer-text").press("Enter");
    await line("hello from the page").waitFor();
    await expect.poll(() => page.locator("#chat li.own.pending").count()).toBe(0);
    const other = await Viewer.enter(server.url, "demo");
    await other.say("after that");
    await line("after that").waitFor();
    expect(await line("hello from the page").count()).toBe(1);
    expect(await page.locator(".danmaku").textContent()).toContain("after that");
  });

  it("goes on when the room moves the stream from notify to inline and back", async () => {
    await live();
    const host = Viewer.host(server.url, "demo");
    const other = await Viewer.enter(server.url, "demo");
    const way = async (expected: string) => {
      await expect.poll(() => page.locator("#way").textContent(), { timeout: 10_000 }).toBe(expected);
    };
    await host.configure({ inlinePercent: 100 });
    for (let i = 1; i <= 20; i++) await other.say(`inline ${i}.`);
    await line("inline 20.").waitFor();
    await way("pushed");
    await other.set("inline", "yes");
    await page.locator('tr[data-key="inline"]', { hasText: "yes" }).waitFor();
    await host.configure({ inlinePercent: 0 });
    for (let i = 1; i <= 20; i++) await other.say(`notify ${i}.`);
    await line("notify 20.").waitFor();
    await way("fetched");
    expect(await line("inline ").count()).toBe(20);
    expect(await line("notify ").count()).toBe(20);
    expect(await page.locator("#lost-low").textContent()).toBe("0");
  });

  it("takes recalled messages off the screen", async () => {
    await live();
    const other = await Viewer.enter(server.url, "demo");
    const timestamp = await other.say("I should not have said that");
    await line("I should not have said that").waitFor();
    await other.recall(timestamp);
    await line("I should not have said that").waitFor({ state: "detached" });
  });

  it("sets, changes and deletes an attribute, and sees those of others", async () => {
    await live();
    const value = page.locator('tr[data-key="seat/e2e"] .value');
    await page.locator("#setter-key").fill("seat/e2e");
    await page.locator("#setter-value").fill("taken");
    await page.locator("#setter button").click();
    await value.filter({ hasText: /^taken$/ }).waitFor();
    await page.locator("#setter-value").fill("held");
    await page.locator("#setter button").click();
    await value.filter({ hasText: /^held$/ }).waitFor();
    const other = await Viewer.enter(server.url, "demo");
    await other.set("theirs", "not yours");
    await page.locator('tr[data-key="theirs"]', { hasText: "not yours" }).waitFor();
    await page.locator("#setter-key").fill("theirs");
    await page.locator("#setter button").click();
    await page.locator("#setter-note", { hasText: "Somebody else owns this key." }).waitFor();
    await page.locator('tr[data-key="seat/e2e"] button').click();
    await value.waitFor({ state: "detached" });
  });

  it("says goodbye when it goes", async () => {
    await live();
    const users = () => page.locator("#online-users").textContent();
    const second = await open(`${server.url}/?room=demo`);
    await live(second);
    await expect.poll(users, { timeout: 10_000 }).not.toBe("1");
    const before = Number(await users());
    await second.goto("about:blank");
    await expect.poll(async () => Number(await users()), { timeout: 10_000 }).toBe(before - 1);
    await second.close();
  });

  it("fits narrow windows", async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    await live();
    const overflow = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(await overflow()).toBe(0);
  });

  it("says why it cannot enter a room", async () => {
    await open(`${server.url}/?room=no-such-room`, page);
    await page.locator("#veil-heading", { hasText: "There is no such room" }).waitFor();
    expect(await page.locator("#again").isVisible()).toBe(true);
    await open(`${server.url}/?room=-no%20name`, page);
    await page.locator("#veil-text", { hasText: "cannot be the name of a room" }).waitFor();
    expect(await page.locator("#veil a").getAttribute("href")).toBe("?room=demo");
  });

  it("asks for a token where the server hands out none", async () => {
    const strict = await Server.start(binary, { OVATION_AUTH_SECRET: "e2e-e2e-e2e-e2e-e2e-e2e-e2e-e2e-e2e" });
    try {
      await open(strict.url, page);
      await page.locator("#token").waitFor();
      expect(await page.locator("#veil-text").textContent()).toContain("Paste a token");
      await page.locator("#token").fill("not a token");
      await page.locator("#token-form button").click();
      await page.locator("#veil-heading", { hasText: "Your token was refused" }).waitFor();
      expect(await page.locator("#token").isVisible()).toBe(true);
    } finally {
      await strict.kill();
    }
  });

  it("says whose token it goes by, and keeps it for the tab and out of the address", async () => {
    const token = mint({ sub: "ada", name: "Ada Lovelace", rooms: ["demo"] });
    await page.goto("about:blank");
    await open(`${server.url}/?room=demo#token=${token}`, page);
    await live();
    await page.locator("#you", { hasText: "You are Ada Lovelace." }).waitFor();
    await expect.poll(() => page.url()).toBe(`${server.url}/?room=demo`);
    await page.reload();
    await live();
    expect(await page.locator("#you").textContent()).toBe("You are Ada Lovelace.");
  });

  it("tells an expired token from a refused one", async () => {
    const enter = async (token: string) => {
      await page.goto("about:blank");
      await open(`${server.url}/?room=demo#token=${token}`, page);
    };
    const heading = (text: string) => page.locator("#veil-heading", { hasText: text }).waitFor();
    await enter(mint({ sub: "ada", rooms: ["demo"], exp: 1_000_000_000 }));
    await heading("Your token has expired");
    await enter("rubbish");
    await heading("Your token was refused");
    await enter(mint({ sub: "ada", rooms: ["another"] }));
    await heading("Your token is for another room");
    await page.locator("#token").fill(mint({ sub: "ada", rooms: ["demo"] }));
    await page.locator("#token-form button").click();
    await live();
  });

  it("is the same guest after a reload", async () => {
    await live();
    const guest = await page.locator("#you").textContent();
    expect(guest).toMatch(/^You are guest-/);
    await page.reload();
    await live();
    expect(await page.locator("#you").textContent()).toBe(guest);
  });

  it("holds back what is too long, and gives back what was refused", async () => {
    await live();
    const box = page.locator("#composer-text");
    const long = "long ".repeat(1_000).trim();
    await box.fill(long);
    await box.press("Enter");
    await page.locator("#composer-note", { hasText: "Too long: at most 500 characters." }).waitFor();
    expect(await box.inputValue()).toBe(long);
    expect(await page.locator("#composer-count").textContent()).toBe("4999 of 500");
    const host = Viewer.host(server.url, "demo");
    await host.configure({ slowMode: "60s" });
    try {
      await box.fill("first of all");
      await box.press("Enter");
      await line("first of all").waitFor();
      await box.fill("second to none");
      await box.press("Enter");
      const refused = page.locator("#chat li.failed", { hasText: "Not sent: slow mode." });
      await refused.waitFor();
      expect(await box.inputValue()).toBe("second to none");
      expect(await page.locator(".danmaku").textContent()).not.toContain("second to none");
      const cut = await page.evaluate(() => {
        const scroller = document.getElementById("chat-scroller")!;
        return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
      });
      expect(cut).toBeLessThan(2);
    } finally {
      await host.configure({ slowMode: "0s" });
    }
  });

  it("says why moderation did not let a message through", async () => {
    await live();
    const box = page.locator("#composer-text");
    const until = String(new Date(2030, 0, 2, 3, 4).getTime() * 1_000);
    for (const [reason, words] of [
      [ErrorReason.MUTED, /Not sent: you are muted until .*2030/],
      [ErrorReason.MESSAGE_REFUSED, /Not sent: the room’s word list/],
    ] as const) {
      await page.route("**/*.FeedService/Send", (route) => route.fulfill(refusal(reason, { until })));
      await box.fill(`no such thing ${reason}`);
      await box.press("Enter");
      await page.locator("#chat li.failed", { hasText: words }).waitFor();
      expect(await box.inputValue()).toBe(`no such thing ${reason}`);
      await page.unroute("**/*.FeedService/Send");
    }
  });

  it("tells who is banned until when and why, and does not ask again", async () => {
    await live();
    const until = String(new Date(2030, 0, 2, 3, 4).getTime() * 1_000);
    await page.route("**/*.RoomService/JoinRoom", (route) =>
      route.fulfill(refusal(ErrorReason.BANNED, { until, why: "spam" })),
    );
    await page.reload();
    await page.locator("#veil-heading", { hasText: "You are banned from this room" }).waitFor();
    expect(await page.locator("#veil-text").textContent()).toMatch(/until .*2030.*: “spam”\./);
    expect(await page.locator("#again").isVisible()).toBe(false);
  });

  it("lets moderators act on a message, by mouse and by keyboard", async () => {
    await page.goto("about:blank");
    const token = mint({ sub: "mod", name: "Mod", role: "moderator", rooms: ["demo"] });
    await open(`${server.url}/?room=demo#token=${token}`, page);
    await live();
    const asked: string[] = [];
    await page.route("**/*.ModerationService/*", async (route) => {
      const act = route.request().url().split("/").at(-1)!;
      asked.push(act);
      await route.fulfill(act === "Ban" ? refusal(ErrorReason.USER_PROTECTED) : done);
    });
    const other = await Viewer.enter(server.url, "demo");
    await other.say("rude words");
    await line("rude words").hover();
    await line("rude words").locator("button.choose").click();
    const dialog = page.locator("#moderation");
    const note = (words: string) => page.locator("#moderation-note", { hasText: words }).waitFor();
    expect(await dialog.locator("blockquote").textContent()).toBe("rude words");
    await dialog.getByRole("button", { name: "Mute for 10 minutes" }).click();
    await note("is muted for 10 minutes.");
    await dialog.getByRole("button", { name: "Ban" }).click();
    await note("cannot be muted, removed or banned");
    await dialog.getByRole("button", { name: "Remove from the room" }).click();
    await note("was removed, and may come back.");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(asked).toEqual(["Mute", "Ban", "Kick"]);

    await other.say("more of it");
    await line("more of it").waitFor();
    await page.locator("#chat-scroller").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await dialog.waitFor();
    expect(await dialog.locator("blockquote").textContent()).toBe("more of it");
    await dialog.getByRole("button", { name: "Take the message back" }).press("Enter");
    await line("more of it").waitFor({ state: "detached" });
    await note("The message is taken back.");
    await page.keyboard.press("Escape");
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("chat-scroller");
    expect(complaints).toEqual([]);
  });

  it("offers viewers nothing to moderate with", async () => {
    await live();
    const other = await Viewer.enter(server.url, "demo");
    await other.say("nothing to see");
    await line("nothing to see").waitFor();
    expect(await page.locator("button.choose").count()).toBe(0);
    expect(await page.locator("#chat-hint").isVisible()).toBe(false);
  });

  it("offers it to a viewer whom the host made a moderator", async () => {
    await live();
    const viewer = (await page.locator("#you").getAttribute("title"))!;
    await Viewer.host(server.url, "demo").appoint(viewer);
    await page.reload();
    await live();
    const other = await Viewer.enter(server.url, "demo");
    await other.say("rude again");
    await line("rude again").hover();
    await line("rude again").locator("button.choose").click();
    const dialog = page.locator("#moderation");
    await dialog.getByRole("button", { name: "Take the message back" }).click();
    await line("rude again").waitFor({ state: "detached" });
    await page.locator("#moderation-note", { hasText: "The message is taken back." }).waitFor();
    expect(complaints).toEqual([]);
  });

  it("keeps the table readable whatever is in it", async () => {
    await live();
    await page.setViewportSize({ width: 320, height: 640 });
    const other = await Viewer.enter(server.url, "demo");
    await other.set("long", "unbroken".repeat(100));
    const owner = page.locator('tr[data-key="long"] .owner');
    await owner.waitFor();
    const { width, height } = (await owner.boundingBox())!;
    expect(width).toBeGreaterThan(50);
    expect(height).toBeLessThan(120);
  });

  it("comes back by itself when the server does, and begins anew with its new log", async () => {
    await live();
    const before = await Viewer.enter(server.url, "demo");
    await before.say("before the crash");
    await before.set("old", "state");
    await line("before the crash").waitFor();
    await page.locator('tr[data-key="old"]').waitFor();
    let pulls = 0;
    page.on("request", (request) => void (pulls += Number(request.url().endsWith("/PullAttributes"))));
    await server.kill();
    await page.locator("#state-text", { hasText: /Reconnecting|Connecting/ }).waitFor();
    await server.start();
    await live();
    await line("The server restarted: the room begins anew.").waitFor();
    expect(await line("before the crash").count()).toBe(0);
    await page.locator('tr[data-key="old"]').waitFor({ state: "detached" });
    const after = await Viewer.enter(server.url, "demo");
    await after.say("after the crash");
    await after.set("new", "state");
    await line("after the crash").waitFor();
    await page.locator('tr[data-key="new"]', { hasText: "state" }).waitFor();
    await page.waitForTimeout(1_500);
    expect(pulls).toBeLessThan(5);
    expect(await page.locator("#reconnects").textContent()).toBe("1");
    expect(complaints).toEqual([]);
  });
});
