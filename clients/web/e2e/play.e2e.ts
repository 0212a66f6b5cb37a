import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launch, missing, watched } from "./chromium.js";
import { Server, ServerBinary } from "./server.js";
import { Viewer } from "./viewer.js";

describe.skipIf(missing)("gifts and quizzes on the page", () => {
  let binary: ServerBinary;
  let server: Server;
  let browser: Browser;
  let page: Page;
  let backend: Viewer;
  let complaints: string[];

  beforeAll(async () => {
    binary = new ServerBinary();
    server = await Server.start(binary);
    backend = Viewer.backend(server.url, "demo");
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.kill();
    binary?.remove();
  });

  beforeEach(async () => {
    complaints = [];
    page = watched(await browser.newPage(), complaints);
  });

  afterEach(async () => {
    await page.close();
  });

  async function enter(): Promise<void> {
    await page.goto(`${server.url}/?room=demo`);
    await page.locator("#state-text", { hasText: /^Live$/ }).waitFor();
  }

  const overflow = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

  it("shows what was given, and gives", async () => {
    await enter();
    expect(await page.locator("#gifts").isVisible()).toBe(false);
    const rose = { giftId: "rose", name: "Rose", price: 10, comboWindow: "60s" };
    await backend.call("GiftService/PutGift", { gift: rose });
    await backend.call("GiftService/PutGoal", { goal: { goalId: "g", title: "A bouquet", target: 100 } });
    await backend.call("WalletService/Deposit", { userId: "ada", amount: 100, requestId: "ada" });
    await enter();

    const ada = Viewer.named(server.url, "demo", "ada");
    await ada.call("GiftService/SendGift", { giftId: "rose", count: 3, requestId: "1" });
    const line = page.locator("#chat li.gift");
    await line.filter({ hasText: "ada sent 3 × Rose" }).waitFor();
    await ada.call("GiftService/SendGift", { giftId: "rose", count: 2, requestId: "2" });
    await line.filter({ hasText: "ada sent 5 × Rose" }).waitFor();
    expect(await line.count()).toBe(1);
    await page.locator("#gifts-total", { hasText: "5, 50 coins" }).waitFor();
    expect(await page.locator("#givers").textContent()).toBe("ada 50 coins");
    expect(await page.locator("#goals").textContent()).toContain("A bouquet50 of 100 coins");
    expect(await page.locator("#goals progress").getAttribute("value")).toBe("50");

    await page.getByText("Give", { exact: true }).click();
    await page.locator("#give-balance", { hasText: "You have no coins." }).waitFor();
    const give = page.getByRole("button", { name: "Rose 10 coins" });
    await give.click();
    await page.locator("#give-note", { hasText: "You have too few coins: 0. Nothing was paid." }).waitFor();
    const guest = await page.locator("#you").getAttribute("title");
    await backend.call("WalletService/Deposit", { userId: guest, amount: 15, requestId: "guest" });
    await give.click();
    await page.locator("#give-note", { hasText: "You gave Rose." }).waitFor();
    await page.locator("#give-balance", { hasText: "You have 5 coins." }).waitFor();
    await line.filter({ hasText: "sent 1 × Rose" }).waitFor();
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await overflow()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it("plays a quiz", async () => {
    const host = Viewer.host(server.url, "demo");
    const questions = [
      { text: "Which is red?", options: ["Mars", "Venus", "The Moon"], correctOptions: [1] },
    ];
    const rules = { answerWindow: "15s", ticketGrace: "0s", autoReveal: true };
    await host.call("QuizService/CreateQuiz", { quizId: "q", questions, rules });
    await enter();
    expect(await page.locator("#quiz").isVisible()).toBe(false);
    await page.locator("#composer-text").focus();
    await host.call("QuizService/AskQuestion", { quizId: "q", questionNumber: 1 });

    const says = (words: string) => page.locator("#quiz-says", { hasText: words }).waitFor();
    await page.locator("#quiz-text", { hasText: "Which is red?" }).waitFor();
    await page.locator("#quiz-time", { hasText: /^\d+ s$/ }).waitFor();
    expect(await page.locator("#quiz-heading").textContent()).toBe("Question 1, the last");
    expect(await page.locator("#quiz-announcement").textContent()).toMatch(
      /Which is red\? You have 1?\d seconds/,
    );
    // Whoever is writing goes on writing.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("composer-text");
    const mars = page.locator("#quiz").getByRole("button", { name: "Mars" });
    await mars.focus();
    await page.keyboard.press("Enter");
    await says("You answered “Mars”.");
    await page.reload();
    await says("You answered “Mars”.");
    expect(await mars.getAttribute("aria-pressed")).toBe("true");

    await page.locator('#quiz[data-phase="revealed"]').waitFor({ timeout: 40_000 });
    await says("Right: you are through! 1 still in.");
    await page.locator("#quiz .option.right", { hasText: "Mars1 · 100 %✓ right, your answer" }).waitFor();
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await overflow()).toBe(0);
    await host.call("QuizService/FinishQuiz", { quizId: "q" });
    await says("You won! 1 winner.");
    await page.locator("#quiz-close").click();
    await page.locator("#quiz").waitFor({ state: "hidden" });
    expect(complaints).toEqual([]);
  });
});
