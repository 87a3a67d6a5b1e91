import { describe, expect, it } from "vitest";
import { eachInItsWorld, inWorld, last, tick, world } from "./bed.ts";
import { hello, item, unopened } from "./fakes.ts";

const ID = "0192a0a0-0000-7000-8000-000000000001";
const ITEM = `item:${ID}`;
const OTHER = "item:0192a0a0-0000-7000-8000-000000000002";
const INCIDENT = "incident:0192a0a0-0000-7000-8000-000000000003";
const joined = (position: string, room = "global", recovered = true) => ({
  type: "joined_room",
  room,
  position,
  recovered,
});
const update = (position: string, id: string) => ({
  ...item(position),
  type: "item_update",
  item_id: id.slice(5),
  updates: {},
  version: 2,
});
const asked = () =>
  world.requests.map(({ url, init }) =>
    `${url.pathname.split("/").slice(3).join(" ")} ${init.body ?? ""}`.trim(),
  );
const told = () => world.frames.filter(({ type }) => type === "resync" || type === "presence_state");

/** The stream of `global` is open and joined. */
async function opened(position = "p0") {
  world.stream().accept();
  world.stream().say(hello);
  world.stream().say(joined(position), position);
  await tick();
}

async function onStreams() {
  await unopened(world, tick);
  await opened();
}

eachInItsWorld();

describe("an item on event streams", () => {
  it("is told of by the stream of everything, whose other events nobody hears", async () => {
    inWorld({ rooms: [ITEM, INCIDENT] });
    await onStreams();
    expect(world.streams.map(({ url }) => url.pathname)).toEqual(["/api/sse/stream"]);
    expect(world.phase()).toBe("live");
    expect(world.client.roomPhase(ITEM)).toBe("followed");
    expect(told()).toEqual([ITEM, INCIDENT].map((room) => ({ type: "resync", room, reason: "first_join" })));
    world.stream().say(update("p1", OTHER), "p1");
    world.stream().say(update("p2", ITEM), "p2");
    world
      .stream()
      .say({ ...item("p3"), type: "alert", data: { incident_id: INCIDENT.slice(9) } } as never, "p3");
    const data = { incident: { id: "x" }, joined: [{ id: ID, version: 3 }] };
    world.stream().say({ ...item("p4"), type: "incident_update", data } as never, "p4");
    world.stream().say(item("p5"), "p5");
    await tick();
    expect(world.events).toEqual(["p2", "p3", "p4"]);
    expect(world.client.position(ITEM)).toBeNull();
  });

  it("shows who is there, asked for every ten seconds, and that somebody is away", async () => {
    inWorld({ rooms: [ITEM] });
    await onStreams();
    expect(asked()).toEqual([`join ${ITEM} {"state":"active"}`]);
    const users = [{ user_id: "u", name: "Una", state: "active" }];
    world.requests[0]?.answer({ resource_id: ITEM, users, lock: null, lease_s: 30 });
    await tick();
    expect(told().at(-1)).toEqual({ type: "presence_state", resource_id: ITEM, seq: 1, users });
    await tick(10_000);
    expect(asked().slice(1)).toEqual([`join ${ITEM} {}`]);
    world.requests[1]?.answer({ users });
    await tick();
    expect(told()).toHaveLength(2);
    world.show(false);
    expect(asked().slice(2)).toEqual([`join ${ITEM} {"state":"away"}`]);
    world.requests[2]?.refuse(503, "busy");
    await tick(10_000);
    expect(asked()).toHaveLength(4);
    expect(world.requests[3]?.headers.authorization).toBe("Bearer t");
  });

  it("passes over an answer that a later one has overtaken", async () => {
    inWorld({ rooms: [ITEM] });
    await onStreams();
    await tick(10_000);
    world.requests[1]?.answer({ users: [] });
    await tick();
    world.requests[0]?.answer({ users: [{ user_id: "v", name: "Vic", state: "active" }] });
    await tick();
    expect(told().filter(({ type }) => type === "presence_state")).toMatchObject([{ seq: 2, users: [] }]);
  });

  it("shows one's pointer, the latest only, five times a second", async () => {
    inWorld({ rooms: [ITEM] });
    await onStreams();
    for (const x of [1, 2, 3]) {
      world.client.moveCursor(ITEM, { x });
      await tick(50);
    }
    await tick(150);
    expect(asked().slice(1)).toEqual([1, 3].map((x) => `cursor ${ITEM} {"position":{"x":${x}}}`));
  });

  it("is left when nobody wants it, and all are at the end", async () => {
    inWorld({ rooms: [ITEM] });
    await onStreams();
    const letGo = world.client.join(OTHER);
    letGo();
    expect(asked().slice(1)).toEqual([`join ${OTHER} {"state":"active"}`, `leave ${OTHER}`]);
    world.client.disconnect();
    expect(asked().slice(3)).toEqual([`leave ${ITEM}`]);
    await tick(60_000);
    expect(asked()).toHaveLength(4);
  });

  it("that is not there is refused, and not asked for again", async () => {
    inWorld({ rooms: [ITEM] });
    await onStreams();
    world.requests[0]?.refuse(404, "there is no such item");
    await tick(20_000);
    expect(world.client.roomPhase(ITEM)).toBe("refused");
    expect(asked()).toHaveLength(1);
  });

  it("goes on without a gap while WebSockets fail again, and from its own position once one opens", async () => {
    inWorld({ rooms: [{ room: ITEM, position: "q1" }] });
    await onStreams();
    world.stream().say(update("p1", ITEM), "p1");
    await tick(0);
    expect(world.resyncs).toEqual(["event_streams"]);
    const beat = () => world.stream().write(":heartbeat\n\n");
    for (let wait = 0; wait < 3; wait++) {
      await tick(40_000);
      beat();
    }
    await tick();
    expect(last().address).toContain(`/ws/items/${ID}`);
    last().cut();
    await tick();
    expect(world.stream().headers["last-event-id"]).toBe("p1");
    await opened("p1");
    world.stream().say(update("p2", ITEM), "p2");
    for (let wait = 0; wait < 3; wait++) {
      await tick(40_000);
      beat();
    }
    await tick();
    expect(last().position()).toBe("q1");
    last().hello();
    last().joined(ITEM, "q1");
    expect(last().types()).toEqual([]);
    expect(world.phase()).toBe("live");
    expect(world.client.roomPhase("global")).toBeUndefined();
    expect(world.resyncs).toEqual(["event_streams"]);
    expect(world.events).toEqual(["p1", "p2"]);
    const before = world.requests.length;
    await tick(20_000);
    expect(world.requests).toHaveLength(before);
  });

  it("may have missed something where the stream of everything has", async () => {
    inWorld({ rooms: [ITEM] });
    await onStreams();
    world.stream().say({ type: "resync", room: "global", reason: "records_lost" } as never);
    await tick();
    expect(world.resyncs).toEqual(["first_join", "records_lost"]);
    expect(told().map((frame) => "room" in frame && frame.room)).toEqual([ITEM, ITEM]);
  });

  it("leaves the stream of everything to who asks for it meanwhile", async () => {
    inWorld({ rooms: [ITEM] });
    await onStreams();
    world.client.join("global");
    expect(told().at(-1)).toEqual({ type: "resync", room: "global", reason: "first_join" });
    world.stream().say(item("p1"), "p1");
    await tick();
    expect(world.events).toEqual(["p1"]);
    expect(world.streams).toHaveLength(1);
  });
});
