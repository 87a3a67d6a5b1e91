import { describe, expect, it } from "vitest";
import { eachInItsWorld, inWorld, last, live, tick, world } from "./bed.ts";

const said = () => last().sent.flatMap((frame) => (frame.type === "presence" ? [frame.state] : []));

eachInItsWorld();

describe("whether somebody is there", () => {
  it("is said when the tab is hidden and shown, and at inputs now and then", async () => {
    inWorld({ pingEveryMs: 1_000_000 });
    await live();
    expect(said()).toEqual([]);
    world.show(false);
    world.show(true);
    for (let input = 0; input < 100; input++) world.input();
    expect(said()).toEqual(["away", "active"]);
    await tick(19_999);
    world.input();
    expect(said()).toHaveLength(2);
    await tick(1);
    world.input();
    world.input();
    expect(said()).toEqual(["away", "active", "active"]);
  });

  it("is said by the first input after the tab was hidden, however soon", async () => {
    await live();
    world.show(false);
    world.input();
    expect(said()).toEqual(["away", "active"]);
  });

  it("is said anew to each connection of a hidden tab", async () => {
    await live();
    world.show(false);
    last().cut();
    await tick(500);
    expect(said()).toEqual([]);
    last().hello();
    expect(said()).toEqual(["away"]);
  });

  it("is said no more after the end", async () => {
    await live();
    world.client.disconnect();
    world.show(false);
    world.input();
    expect(said()).toEqual([]);
  });
});

describe("a connection that nobody used", () => {
  it("is paused in a hidden tab until it is visible again, and then resumed", async () => {
    await live();
    last().item("p1");
    world.isVisible = false;
    last().cut(4410);
    expect(world.phase()).toBe("paused");
    await tick(3_600_000);
    world.goOnline();
    await tick();
    expect(world.sockets).toHaveLength(1);
    world.show(true);
    await tick();
    expect(world.sockets).toHaveLength(2);
    expect(last().position()).toBe("p1");
  });

  it("comes back by itself where somebody may be looking", async () => {
    await live();
    last().cut(4410);
    expect(world.phase()).toBe("offline");
    await tick(500);
    expect(world.sockets).toHaveLength(2);
  });

  it("stays silent when it is disconnected while it is paused", async () => {
    await live();
    world.isVisible = false;
    last().cut(4410);
    world.client.disconnect();
    world.show(true);
    world.input();
    await tick(60_000);
    expect(world.sockets).toHaveLength(1);
  });
});
