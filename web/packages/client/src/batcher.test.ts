import { describe, expect, it } from "vitest";
import { batcher, FLUSH_EVERY_MS, type FrameClock } from "./batcher.ts";

function fakeClock() {
  const clock = {
    time: 0,
    isHidden: false,
    frames: [] as (() => void)[],
    timers: [] as { run: () => void; ms: number }[],
  };
  const port: FrameClock = {
    frame: (run) => clock.frames.push(run),
    later: (run, ms) => clock.timers.push({ run, ms }),
    now: () => clock.time,
    hidden: () => clock.isHidden,
  };
  return { clock, port };
}

describe("a batcher", () => {
  it("hands over together what came before the next frame, in order", () => {
    const { clock, port } = fakeClock();
    const batches: number[][] = [];
    const add = batcher<number>((batch) => batches.push(batch), port);
    for (const n of [1, 2, 3]) add(n);
    expect(clock.frames).toHaveLength(1);
    clock.frames.shift()?.();
    expect(batches).toEqual([[1, 2, 3]]);
  });

  it("waits between batches, so that a burst does not redraw at every frame", () => {
    const { clock, port } = fakeClock();
    const batches: number[][] = [];
    const add = batcher<number>((batch) => batches.push(batch), port);
    add(1);
    clock.frames.shift()?.();
    clock.time = 10;
    add(2);
    expect(clock.frames).toHaveLength(0);
    expect(clock.timers[0]?.ms).toBe(FLUSH_EVERY_MS - 10);
    clock.timers.shift()?.run();
    clock.frames.shift()?.();
    expect(batches).toEqual([[1], [2]]);
  });

  it("goes on in a hidden tab, where no frame comes", () => {
    const { clock, port } = fakeClock();
    clock.isHidden = true;
    const batches: number[][] = [];
    batcher<number>((batch) => batches.push(batch), port)(1);
    clock.timers.shift()?.run();
    expect(batches).toEqual([[1]]);
  });
});
