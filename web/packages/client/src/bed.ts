// For tests: a world of its own for each, with a clock that is moved by hand.

import { afterEach, beforeEach, vi } from "vitest";
import { fakeWorld } from "./fakes.ts";

/** The world of the test that runs. */
export let world: ReturnType<typeof fakeWorld>;

/** Begins the test in another world. */
export function inWorld(...options: Parameters<typeof fakeWorld>): void {
  world = fakeWorld(...options);
}

export const tick = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
export const last = () => world.last();

/** Connects, and is in the room `global`. */
export async function live(): Promise<void> {
  world.client.join("global");
  world.client.connect();
  await tick();
  last().hello();
  last().joined("global", "p0");
}

/** Gives each test its world, and ends it. */
export function eachInItsWorld(): void {
  beforeEach(() => {
    vi.useFakeTimers();
    inWorld();
  });
  afterEach(() => {
    world.client.disconnect();
    vi.useRealTimers();
  });
}
