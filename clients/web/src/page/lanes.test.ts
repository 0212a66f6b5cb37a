import { describe, expect, it } from "vitest";
import { CROSSING, FixedLanes, STAY, ScrollLanes } from "./lanes.js";

describe("ScrollLanes", () => {
  it("fills lanes from the top, and has none left when all are taken", () => {
    const lanes = new ScrollLanes();
    expect([0, 0, 0, 0].map(() => lanes.place(200, 0, 3, 1_000))).toEqual([0, 1, 2, undefined]);
  });

  it("uses a lane again once the text before has left the edge", () => {
    const lanes = new ScrollLanes();
    lanes.place(200, 0, 1, 1_000);
    expect(lanes.place(200, 1_500, 1, 1_000)).toBeUndefined();
    expect(lanes.place(200, 2_000, 1, 1_000)).toBe(0);
  });

  it("never lets a long, fast text run into a short, slow one", () => {
    const stage = 1_000;
    const before = 100;
    let nearest = Infinity;
    for (let width = 50; width <= 1_500; width += 50) {
      for (let at = 0; at <= CROSSING; at += 100) {
        const lanes = new ScrollLanes();
        lanes.place(before, 0, 1, stage);
        if (lanes.place(width, at, 1, stage) === undefined) continue;
        // Both move evenly: where they are apart at both ends, they are between.
        for (const t of [at, CROSSING]) {
          const tail = stage - ((stage + before) * t) / CROSSING + before;
          const head = stage - ((stage + width) * (t - at)) / CROSSING;
          nearest = Math.min(nearest, head - tail);
        }
      }
    }
    expect(nearest).toBeGreaterThanOrEqual(-1e-6);
    expect(nearest).toBeLessThan(stage);
  });
});

describe("FixedLanes", () => {
  it("keeps a lane for as long as its text stays", () => {
    const lanes = new FixedLanes();
    expect([lanes.place(0, 2), lanes.place(0, 2), lanes.place(STAY - 1, 2), lanes.place(STAY, 2)]).toEqual([
      0,
      1,
      undefined,
      0,
    ]);
  });
});
