import { describe, expect, it, vi } from "vitest";
import { eachInItsWorld, inWorld, last, live, tick, world } from "./bed.ts";
import { ClientError } from "./ending.ts";
import { tokenUntil } from "./fakes.ts";

const error = () => {
  const state = world.client.getState();
  return state.phase === "ended" ? state.error : undefined;
};

eachInItsWorld();

describe("giving up", () => {
  it("comes after so many tries, says why, and can be undone with nothing lost", async () => {
    inWorld({ maxTries: 2, sseAfter: Number.POSITIVE_INFINITY });
    const ended: ClientError[] = [];
    world.client.on("ended", (why) => ended.push(why));
    await live();
    last().item("p1");
    for (const wait of [500, 1_000]) {
      last().cut();
      await tick(wait);
    }
    last().cut();
    expect(ended).toHaveLength(1);
    expect(error()).toBeInstanceOf(ClientError);
    expect(error()).toMatchObject({ reason: "gave_up", code: 1006 });
    await tick(60_000);
    expect(world.sockets).toHaveLength(3);
    world.client.retry();
    await tick();
    expect(last().position()).toBe("p1");
  });

  it("comes after ten tries where nothing else is said, up to 3 s before the first and twice that before each next", async () => {
    inWorld({ backoffBaseMs: undefined, sseAfter: Number.POSITIVE_INFINITY });
    await live();
    for (const wait of [1_500, 3_000, 6_000, 12_000, ...Array<number>(6).fill(15_000)]) {
      last().cut();
      await tick(wait - 1);
      const before = world.sockets.length;
      await tick(1);
      expect(world.sockets).toHaveLength(before + 1);
    }
    last().cut();
    expect(world.sockets).toHaveLength(11);
    expect(error()).toMatchObject({ reason: "gave_up" });
  });

  it("does not come while there is no network: tries then are few and do not count", async () => {
    inWorld({ maxTries: 1 });
    await live();
    world.isOnline = false;
    last().cut();
    await tick(29_999);
    expect(world.sockets).toHaveLength(1);
    for (let go = 0; go < 3; go++) {
      await tick(30_000);
      last().cut();
    }
    expect(world.phase()).toBe("offline");
    const before = world.sockets.length;
    world.goOnline();
    await tick();
    expect(world.sockets).toHaveLength(before + 1);
  });

  it("waits for no network where the server is on this machine", async () => {
    inWorld({ url: "http://localhost:8080" });
    await live();
    world.isOnline = false;
    last().cut();
    await tick(500);
    expect(world.sockets).toHaveLength(2);
  });
});

describe("a close code", () => {
  it.each([1006, 1012, 1013, 4408])("%i is answered with back-off and resume", async (code) => {
    await live();
    last().item("p1");
    last().cut(code);
    expect(world.sockets).toHaveLength(1);
    await tick(500);
    expect(last().position()).toBe("p1");
  });

  it("of an ended token brings a renewed one, at once", async () => {
    const getToken = vi.fn(({ renew }: { renew: boolean }) => (renew ? "new" : "old"));
    inWorld({ getToken });
    await live();
    last().cut(4401);
    await tick();
    expect(world.sockets.map(({ protocols }) => protocols[0])).toEqual(["bearer.old", "bearer.new"]);
  });

  it("of an ended token is the end where no other is to be had, until one is brought", async () => {
    await live();
    last().cut(4401, "the token has expired");
    await tick();
    expect(error()).toMatchObject({ reason: "token_expired", code: 4401, message: "the token has expired" });
    world.client.renew("fresh");
    await tick();
    expect(last().protocols).toEqual(["bearer.fresh"]);
  });

  it("of withdrawn access is the end when it comes for the renewed token too", async () => {
    let count = 0;
    inWorld({ getToken: () => `t${++count}` });
    await live();
    last().cut(4403);
    await tick();
    last().cut(4403, "access was withdrawn");
    await tick();
    expect(error()).toMatchObject({ reason: "access_revoked", code: 4403 });
    expect(world.sockets).toHaveLength(2);
  });

  it("of a broken rule is the end when it comes three times in a row", async () => {
    await live();
    for (const wait of [500, 1_000]) {
      last().cut(1008, "too many connections of this account");
      await tick(wait);
    }
    expect(world.sockets).toHaveLength(3);
    last().cut(1008, "too many connections of this account");
    expect(error()).toMatchObject({ reason: "refused", message: "too many connections of this account" });
  });
});

describe("a token", () => {
  it("is renewed over the open connection before it ends, and again when that fails", async () => {
    vi.setSystemTime(1_000_000_000_000);
    const first = tokenUntil(1_000_000_100);
    const second = tokenUntil(1_000_000_900);
    const getToken = vi
      .fn()
      .mockReturnValueOnce(first)
      .mockRejectedValueOnce(new Error("503"))
      .mockReturnValue(second);
    inWorld({ getToken, pingEveryMs: 1_000_000 });
    await live();
    await tick(69_999);
    expect(getToken).toHaveBeenCalledTimes(1);
    await tick(1);
    expect(getToken).toHaveBeenLastCalledWith({ renew: true });
    await tick(5_000);
    expect(last().sent.at(-1)).toEqual({ type: "auth", token: second });
    expect(world.sockets).toHaveLength(1);
  });

  it("that is brought from outside goes over the open connection", async () => {
    await live();
    world.client.renew("fresh");
    expect(last().sent.at(-1)).toEqual({ type: "auth", token: "fresh" });
    last().cut();
    await tick(500);
    expect(last().protocols).toEqual(["bearer.fresh"]);
  });
});
