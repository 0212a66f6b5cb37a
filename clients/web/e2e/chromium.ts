import { existsSync } from "node:fs";
import { type Browser, type Page, chromium } from "playwright-core";

// `make` says which one; run without it, Debian's.
const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";

/** There is no browser to test with, and none is demanded. */
export const missing = !existsSync(executablePath) && process.env.CI !== "true";
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

/** Starts a browser of one's own. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath, args });
}

/** Collects what the pages of a tab complain of. */
export function watched(tab: Page, complaints: string[]): Page {
  tab.setDefaultTimeout(15_000);
  tab.on("pageerror", (error) => complaints.push(error.message));
  return tab;
}
