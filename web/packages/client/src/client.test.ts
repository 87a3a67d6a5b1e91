import { describe, expect, it, vi } from "vitest";
import { backoffMs } from "./backoff.ts";
import { eachInItsWorld, inWorld, last, live, tick, world } from "./bed.ts";

const ITEM = "item:0192a0a0-0000-7000-8000-000000000001";

eachInItsWorld();

describe("connecting", () => {
  it("is live once every room has answered, and asks for a first fetch of each", async () => {
    world.client.join("global");
    world.client.join("alerts");
    world.client.connect();
    expect(world.phase()).toBe("connecting");
    await tick();
    expect(last().address).toBe("wss://crisis.example/ws");
    expect(last().protocols).toEqual(["bearer.t"]);
    last().hello();
    expect(last().types()).toEqual(["join_room alerts"]);
    last().joined("global", "p0");
    expect(world.phase()).toBe("connecting");
    last().joined("alerts", "q0");
    expect(world.phase()).toBe("live");
    expect(world.resyncs).toEqual(["first_join", "first_join"]);
    expect(world.client.userId).toBe("u");
  });

  it("counts the askers of a room: joins once, leaves with the last", async () => {
    await live();
    const first = world.client.join("item:1");
    const second = world.client.join("item:1");
    first();
    first();
    expect(last().types()).toEqual(["join_room item:1"]);
    second();
    expect(last().types()).toEqual(["join_room item:1", "leave_room item:1"]);
    expect(world.phase()).toBe("live");
  });

  it("takes an item's own address where only that is wanted, and leaves a room that is not", async () => {
    const letGo = world.client.join(ITEM);
    world.client.connect();
    await tick();
    expect(last().address).toBe(`wss://crisis.example/ws/items/${ITEM.slice(5)}`);
    letGo();
    world.client.join("alerts");
    last().hello();
    expect(last().types()).toEqual([`leave_room ${ITEM}`, "join_room alerts"]);
    world.client.disconnect();
    inWorld({ rooms: ["item:1"] });
    world.client.connect();
    await tick();
    last().hello();
    expect(last().types()).toEqual(["leave_room global", "join_room item:1"]);
  });

  it("takes tickets where it is given them", async () => {
    inWorld({ getTicket: async () => "once" });
    await live();
    expect(last().address).toBe("wss://crisis.example/ws?ticket=once");
    expect(last().protocols).toEqual([]);
  });

  it("tries again when no token is to be had, and when a room does not answer", async () => {
    const getToken = vi.fn().mockRejectedValueOnce(new Error("503")).mockResolvedValue("t2");
    inWorld({ getToken });
    world.client.join("global");
    world.client.connect();
    await tick();
    expect(world.phase()).toBe("offline");
    await tick(1_000);
    expect(world.sockets).toHaveLength(1);
    last().hello();
    await tick(10_000);
    expect(last().closed).toBe(true);
    expect(world.phase()).toBe("offline");
  });
});

describe("resuming", () => {
  it("rejoins from the last position and passes on what was missed, in order", async () => {
    await live();
    last().item("p1");
    last().cut();
    expect(world.phase()).toBe("offline");
    await tick(500);
    last().hello();
    expect(world.phase()).toBe("resuming");
    expect(world.sockets.map((socket) => socket.position())).toEqual([null, "p1"]);
    expect(last().types()).toEqual([]);
    last().joined("global", "p1");
    expect(world.phase()).toBe("live");
    for (const position of ["p2", "p3", "p9"]) last().item(position);
    expect(world.events).toEqual(["p1", "p2", "p3", "p9"]);
    expect(world.resyncs).toEqual(["first_join"]);
  });

  it("resumes from the middle of a replay that was cut off", async () => {
    await live();
    last().item("p1");
    last().cut();
    await tick(500);
    last().hello();
    last().joined("global", "p1");
    last().item("p2");
    last().cut();
    await tick(1_000);
    expect(last().position()).toBe("p2");
  });

  it("resumes after a disconnect, and from a position of an earlier program", async () => {
    await live();
    last().item("p1");
    world.client.disconnect();
    world.client.connect();
    await tick();
    expect(last().position()).toBe("p1");
    const position = world.client.position("global") as string;
    world.client.disconnect();
    inWorld({ rooms: [{ room: "global", position }] });
    world.client.connect();
    await tick();
    last().hello();
    last().joined("global", "p1");
    expect(last().position()).toBe("p1");
    expect(world.resyncs).toEqual([]);
  });

  it("drops an event that it has seen, by its position, and remembers so many", async () => {
    inWorld({ remembered: 2 });
    await live();
    for (const position of ["p1", "p1", "p2", "p1"]) last().item(position);
    expect(world.events).toEqual(["p1", "p2"]);
    for (const position of ["p3", "p2", "p1"]) last().item(position);
    expect(world.events).toEqual(["p1", "p2", "p3", "p1"]);
  });

  it("keeps a position for each room", async () => {
    await live();
    world.client.join("item:1");
    last().joined("item:1", "q0");
    last().item("p5");
    last().item("q1", "item:1");
    last().cut();
    await tick(500);
    last().hello();
    expect(last().position()).toBe("p5");
    expect(last().types()).toEqual(["join_room item:1 q1"]);
  });

  it("passes a resync on and goes on from the position the server names", async () => {
    await live();
    last().item("p1");
    last().cut();
    await tick(500);
    last().hello();
    last().joined("global", "p70", false);
    last().say({ type: "resync", room: "global", reason: "history_evicted" });
    expect(world.resyncs).toEqual(["first_join", "history_evicted"]);
    last().cut();
    await tick(1_000);
    expect(last().position()).toBe("p70");
  });

  it("starts a room afresh when the server does not know its position", async () => {
    await live();
    last().cut();
    await tick(500);
    last().hello();
    last().say({ type: "error", code: "invalid_position", message: "no", room: "global" });
    expect(last().types()).toEqual(["join_room global"]);
    last().joined("global", "z1");
    expect(world.resyncs).toEqual(["first_join", "first_join"]);
  });

  it("does not take the answer to an earlier join for that to a later", async () => {
    await live();
    world.client.join("item:1")();
    world.client.join("item:1");
    last().joined("item:1", "q1");
    expect(world.client.roomPhase("item:1")).toBe("joining");
    last().say({ type: "left_room", room: "item:1" });
    last().joined("item:1", "q2");
    expect(world.client.position("item:1")).toBe("q2");
  });

  it("moves a position on with events of a kind that it does not know", async () => {
    await live();
    last().say({ type: "new_claim", room: "global", position: "p1", at: "2026-01-01T00:00:00Z", data: {} });
    expect(world.client.position("global")).toBe("p1");
  });
});

describe("a filter", () => {
  const filter = { severity: ["critical" as const] };

  it("is asked for behind the join of the address, whose events do not count", async () => {
    world.client.join("global", { filter });
    world.client.connect();
    await tick();
    last().hello();
    expect(last().sent).toEqual([{ type: "join_room", room: "global", filter }]);
    last().joined("global", "p0");
    last().item("p1");
    expect(world.phase()).toBe("connecting");
    last().joined("global", "p1");
    last().item("p2");
    expect(world.events).toEqual(["p2"]);
    expect(world.resyncs).toEqual(["first_join"]);
    last().cut();
    await tick(500);
    expect(last().position()).toBeNull();
    last().hello();
    expect(last().sent).toEqual([{ type: "join_room", room: "global", position: "p2", filter }]);
  });

  it("is dropped where askers differ, from the position where that was asked for", async () => {
    world.client.join("alerts", { filter });
    await live();
    last().joined("alerts", "q0");
    const other = world.client.join("alerts");
    expect(last().sent.at(-1)).toEqual({ type: "join_room", room: "alerts", position: "q0" });
    last().item("q1", "alerts");
    last().joined("alerts", "q0");
    last().item("q1", "alerts");
    expect(world.events).toEqual(["q1"]);
    expect(world.resyncs.at(-1)).toBe("filter_changed");
    other();
    expect(last().sent.at(-1)).toEqual({ type: "join_room", room: "alerts", position: "q1", filter });
  });

  it("that the server cannot read shuts the room only", async () => {
    world.client.join("global", { filter: { nonsense: 1 } as never });
    world.client.connect();
    await tick();
    last().hello();
    last().joined("global", "p0");
    last().say({ type: "error", code: "bad_frame", message: "unknown field" });
    expect(world.client.roomPhase("global")).toBe("refused");
    expect(world.phase()).toBe("live");
  });
});

describe("a room that the server refuses", () => {
  const refuse = (code: string, room?: string) => last().say({ type: "error", code, message: "no", room });

  it("leaves the connection live, whatever the reason", async () => {
    await live();
    for (const code of ["unknown_room", "forbidden", "too_many_rooms"]) {
      world.client.join(`item:${code}`);
      refuse(code, `item:${code}`);
      expect(world.client.roomPhase(`item:${code}`)).toBe("refused");
    }
    await tick(10_000);
    expect(world.phase()).toBe("live");
    expect(world.client.roomPhase("global")).toBe("joined");
    expect(world.sockets).toHaveLength(1);
  });

  it("does not keep the connection from getting live, and is asked for again on the next", async () => {
    world.client.join("item:abc");
    await live();
    expect(world.phase()).toBe("connecting");
    refuse("unknown_room", "item:abc");
    expect(world.phase()).toBe("live");
    last().cut();
    await tick(500);
    last().hello();
    expect(last().types()).toEqual(["join_room item:abc"]);
  });

  it("is the one that waits when the error names none", async () => {
    await live();
    world.client.join("item:abc");
    refuse("unknown_room");
    expect(world.client.roomPhase("item:abc")).toBe("refused");
    refuse("forbidden");
    expect(world.client.roomPhase("global")).toBe("joined");
  });

  it("is let go without a word, and other errors refuse nothing", async () => {
    await live();
    const letGo = world.client.join("item:abc");
    refuse("rate_limited", "item:abc");
    expect(world.client.roomPhase("item:abc")).toBe("joining");
    refuse("unknown_room", "item:abc");
    letGo();
    expect(last().types()).toEqual(["join_room item:abc"]);
    expect(world.client.roomPhase("item:abc")).toBeUndefined();
  });
});

describe("many rooms at once", () => {
  const rooms = Array.from({ length: 100 }, (_, at) => `incident:${at}`);

  it("are asked for no faster than the server reads", async () => {
    await live();
    for (const room of rooms) world.client.join(room);
    expect(last().sent).toHaveLength(80);
    await tick(250);
    expect(last().sent).toHaveLength(90);
    await tick(250);
    expect(last().types()).toEqual(rooms.map((room) => `join_room ${room}`));
  });

  it("are asked for and left again where the server passed that over", async () => {
    await live();
    world.client.join("item:abc");
    world.client.join("item:def")();
    const said = ["join_room item:abc", "join_room item:def", "leave_room item:def"];
    expect(last().types()).toEqual(said);
    last().say({ type: "error", code: "rate_limited", message: "slower", retry_after: 2 });
    await tick(1_999);
    expect(last().types()).toEqual(said);
    await tick(1);
    expect(last().types().slice(3)).toEqual(["leave_room item:def", "join_room item:abc"]);
    last().say({ type: "left_room", room: "item:def" });
    last().joined("item:abc", "p1");
    expect(world.client.roomPhase("item:abc")).toBe("joined");
    expect(world.phase()).toBe("live");
  });

  it("have names in lower case", async () => {
    await live();
    world.client.join("item:ABC");
    last().joined("item:abc", "p1");
    expect(world.client.roomPhase("item:ABC")).toBe("joined");
  });

  it("are resumed from where the last pong says", async () => {
    await live();
    await tick(25_000);
    last().say({ type: "pong", position: "p9" });
    expect(world.client.position("global")).toBe("p9");
    last().say({ type: "pong" });
    expect(world.client.position("global")).toBe("p9");
  });
});

describe("keeping the connection", () => {
  it("pings after silence and gives up when nothing answers", async () => {
    await live();
    await tick(25_000);
    expect(last().sent.at(-1)).toEqual({ type: "ping" });
    last().say({ type: "pong" });
    await tick(25_000);
    expect(world.phase()).toBe("live");
    await tick(10_000);
    expect(world.sockets[0]?.closed).toBe(true);
    expect(world.client.getState()).toEqual({ phase: "offline", since: expect.any(Number) });
  });

  it("waits longer after each failure, never longer than the ceiling, and starts over once live", async () => {
    const backoff = { baseMs: 1_000, maxMs: 30_000 };
    const waits = [0, 1, 2, 3].map((attempt) => backoffMs(attempt, backoff, () => 1));
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(backoffMs(40, backoff, () => 1)).toBe(30_000);
    expect(backoffMs(3, backoff, () => 0)).toBe(0);
    await live();
    last().cut();
    await tick(500);
    last().cut();
    await tick(999);
    expect(world.sockets).toHaveLength(2);
    await tick(1);
    expect(world.sockets).toHaveLength(3);
  });

  it("reconnects when the node that goes away says so", async () => {
    await live();
    last().say({ type: "going_away", reconnect_after_ms: 300 });
    expect(world.sockets[0]?.closed).toBe(true);
    await tick(299);
    expect(world.sockets).toHaveLength(1);
    await tick(1);
    expect(world.sockets).toHaveLength(2);
  });

  it("says since when it is offline, through every failed try", async () => {
    await live();
    last().cut();
    const before = world.client.getState();
    await tick(500);
    last().cut();
    expect(world.client.getState()).toBe(before);
  });

  it("does not survive rubbish frames as anything but silence", async () => {
    await live();
    for (const data of ["not json", "null", '{"type":"ended"}', new ArrayBuffer(2)])
      last().onmessage?.({ data });
    expect(world.phase()).toBe("live");
  });

  it("goes on though a listener throws", async () => {
    const thrown: unknown[] = [];
    vi.stubGlobal("queueMicrotask", (run: () => void) => {
      try {
        run();
      } catch (error) {
        thrown.push(error);
      }
    });
    world.client.on("new_item", () => {
      throw new Error("mine");
    });
    await live();
    last().item("p1");
    vi.unstubAllGlobals();
    expect(world.events).toEqual(["p1"]);
    expect(thrown).toHaveLength(1);
  });

  it.each(["connecting", "live", "offline"])(
    "stays silent after a listener disconnects at %s",
    async (phase) => {
      world.client.on("state", (state) => {
        if (state.phase === phase) world.client.disconnect();
      });
      world.client.join("global");
      world.client.connect();
      await tick();
      last()?.hello();
      last()?.joined("global", "p0");
      last()?.cut();
      const before = world.sockets.length;
      await tick(60_000);
      expect(world.sockets).toHaveLength(before);
      expect(world.sockets.every(({ closed }) => closed)).toBe(true);
      expect(world.phase()).toBe("idle");
    },
  );

  it("stays silent after a listener disconnects from a node that goes away", async () => {
    await live();
    world.client.on("going_away", () => world.client.disconnect());
    last().say({ type: "going_away", reconnect_after_ms: 300 });
    await tick(60_000);
    expect(world.phase()).toBe("idle");
    expect(world.sockets).toHaveLength(1);
  });

  it("has one connection only, also when it is told to try while it does", async () => {
    await live();
    last().cut();
    await tick(500);
    world.goOnline();
    await tick();
    expect(world.sockets.map(({ closed }) => closed)).toEqual([true, true, false]);
  });

  it("stays silent after disconnect", async () => {
    await live();
    world.client.disconnect();
    await tick(60_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.phase()).toBe("idle");
  });
});

it("sends the latest move of a cursor only, at most every 50 ms, and only in a room it is in", async () => {
  await live();
  world.client.moveCursor("item:1", { x: 0 });
  await tick(50);
  for (const x of [1, 2, 3]) world.client.moveCursor("global", { x });
  await tick(49);
  const moves = () => last().sent.map(({ position }) => position);
  expect(moves()).toEqual([{ x: 1 }]);
  await tick(1);
  expect(moves()).toEqual([{ x: 1 }, { x: 3 }]);
});
