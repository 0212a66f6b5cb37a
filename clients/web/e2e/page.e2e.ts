import { existsSync } from "node:fs";
import { type Browser, type Page, chromium } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Server, ServerBinary } from "./server.js";
import { Viewer } from "./viewer.js";

const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
const missing = !existsSync(executablePath) && process.env.CI !== "true";
if (missing) console.log(`Skipped: there is no Chromium at ${executablePath}. Set CHROMIUM to one.`);

const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

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
    browser = await chromium.launch({ executablePath, args });
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
    const opened = tab ?? (await browser.newPage());
    opened.setDefaultTimeout(15_000);
    opened.on("pageerror", (error) => complaints.push(error.message));
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
    await way("inline");
    await other.set("inline", "yes");
    await page.locator('tr[data-key="inline"]', { hasText: "yes" }).waitFor();
    await host.configure({ inlinePercent: 0 });
    for (let i = 1; i <= 20; i++) await other.say(`notify ${i}.`);
    await line("notify 20.").waitFor();
    await way("notify");
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
    await page.locator("#veil-heading", { hasText: "This room cannot be entered" }).waitFor();
    expect(await page.locator("#again").isVisible()).toBe(true);
  });

  it("asks for a token where the server hands out none", async () => {
    const strict = await Server.start(binary, { OVATION_AUTH_SECRET: "e2e-e2e-e2e-e2e-e2e-e2e-e2e-e2e-e2e" });
    try {
      await open(strict.url, page);
      await page.locator("#token").waitFor();
      expect(await page.locator("#veil-text").textContent()).toContain("Paste a token");
      await page.locator("#token").fill("not a token");
      await page.locator("#token-form button").click();
      await page.locator("#state-text", { hasText: "A token is needed" }).waitFor();
    } finally {
      await strict.kill();
    }
  });

  it("comes back by itself when the server does, and begins anew with its new log", async () => {
    await live();
    const before = await Viewer.enter(server.url, "demo");
    await before.say("before the crash");
    await line("before the crash").waitFor();
    await server.kill();
    await page.locator("#state-text", { hasText: /Reconnecting|Connecting/ }).waitFor();
    await server.start();
    await live();
    const after = await Viewer.enter(server.url, "demo");
    await after.say("after the crash");
    await line("after the crash").waitFor();
    expect(await line("before the crash").count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});
