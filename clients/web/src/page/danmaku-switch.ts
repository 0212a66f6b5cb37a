import type { Danmaku } from "./danmaku.js";
import { byId } from "./elements.js";

/** The button that turns danmaku on and off; who prefers less motion begins without. */
export function setUpDanmakuSwitch(danmaku: Danmaku): void {
  const button = byId<HTMLButtonElement>("danmaku-switch");
  const turn = (on: boolean): void => {
    button.setAttribute("aria-pressed", String(on));
    danmaku.turn(on);
  };
  button.addEventListener("click", () => turn(button.getAttribute("aria-pressed") !== "true"));
  turn(!matchMedia("(prefers-reduced-motion: reduce)").matches);
}
