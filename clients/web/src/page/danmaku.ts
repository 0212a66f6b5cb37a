import { type Style, Style_Position } from "../client/index.js";
import { make } from "./elements.js";
import { CROSSING, FixedLanes, STAY, ScrollLanes } from "./lanes.js";
import { onceAFrame } from "./once-a-frame.js";

/** Most texts on the stage; beyond them, and beyond the free lanes, texts are only in the chat. */
const MOST = 80;
/** Most texts that wait for the next frame. */
const MOST_WAITING = 24;
const LANE_HEIGHT = 34;
/** Above the first lane, in pixels. */
const MARGIN = 8;
/** Longest text in code points. */
const LONGEST = 80;

interface Shot {
  text: string;
  style: Style | undefined;
  own: boolean;
}

/** Texts that run over the stage. */
export class Danmaku {
  #waiting: Shot[] = [];
  #scroll = new ScrollLanes();
  #top = new FixedLanes();
  #bottom = new FixedLanes();
  #draw = onceAFrame(() => this.#drawWaiting());
  #on = true;

  constructor(private readonly stage: HTMLElement) {}

  /** Turns the lanes on or off; off clears them. */
  turn(on: boolean): void {
    this.#on = on;
    if (!on) this.stage.replaceChildren();
  }

  /** Lets a text run, if there is room for it. */
  shoot(text: string, style: Style | undefined, own = false): void {
    if (!this.#on || document.hidden || this.#waiting.length >= MOST_WAITING) return;
    this.#waiting.push({ text: shortened(text), style, own });
    this.#draw();
  }

  #drawWaiting(): void {
    const shots = this.#waiting.splice(0);
    const free = Math.max(0, MOST - this.stage.childElementCount);
    const nodes = shots.slice(0, free).map((shot) => ({ shot, node: draw(shot) }));
    this.stage.append(...nodes.map(({ node }) => node));
    // All are measured before any is moved: one layout a frame.
    const { clientWidth, clientHeight } = this.stage;
    const measured = nodes.map((n) => ({ ...n, width: n.node.offsetWidth }));
    for (const { shot, node, width } of measured) this.#run(shot, node, width, clientWidth, clientHeight);
  }

  #run(shot: Shot, node: HTMLElement, width: number, stage: number, height: number): void {
    const now = Number(document.timeline.currentTime ?? 0);
    const lanes = Math.max(1, Math.floor((height - MARGIN) / LANE_HEIGHT));
    const position = shot.style?.position;
    const fixed = isFixed(shot);
    const lane = !fixed
      ? this.#scroll.place(width, now, lanes, stage)
      : (position === Style_Position.TOP ? this.#top : this.#bottom).place(now, Math.ceil(lanes / 3));
    if (lane === undefined) return node.remove();
    node.style.setProperty(
      position === Style_Position.BOTTOM ? "bottom" : "top",
      `${lane * LANE_HEIGHT + MARGIN}px`,
    );
    const animation = fixed ? appear(node, (stage - width) / 2) : cross(node, stage, width);
    // On the clock that the lanes were reckoned by, however late the frame is.
    animation.startTime = now;
    animation.onfinish = () => node.remove();
  }
}

function shortened(text: string): string {
  const points = [...text];
  return points.length > LONGEST ? `${points.slice(0, LONGEST).join("")}…` : text;
}

function isFixed({ style }: Shot): boolean {
  return style?.position === Style_Position.TOP || style?.position === Style_Position.BOTTOM;
}

function draw(shot: Shot): HTMLElement {
  const { text, style, own } = shot;
  const node = make("span", own ? "own" : isFixed(shot) ? "fixed" : "", text);
  if (style?.colour) node.style.color = `#${style.colour.toString(16).padStart(6, "0")}`;
  if (style?.size) node.style.fontSize = `${Math.min(200, style.size) / 100}em`;
  return node;
}

function cross(node: HTMLElement, stage: number, width: number): Animation {
  const path = [{ transform: `translateX(${stage}px)` }, { transform: `translateX(${-width}px)` }];
  return node.animate(path, { duration: CROSSING, fill: "backwards" });
}

function appear(node: HTMLElement, left: number): Animation {
  node.style.left = `${Math.max(0, left)}px`;
  return node.animate([{ opacity: 1 }, { opacity: 1, offset: 0.9 }, { opacity: 0 }], { duration: STAY });
}
