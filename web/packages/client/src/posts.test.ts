import { describe, expect, it } from "vitest";
import { eachInItsWorld, inWorld, last, tick, world } from "./bed.ts";
import { item, unopened } from "./fakes.ts";

const ITEM = "item:0192a0a0-0000-7000-8000-000000000001";
const OTHER = "item:0192a0a0-0000-7000-8000-000000000002";
const update = (position: string) => ({
  ...item(position, ITEM),
  type: "item_update",
  item_id: ITEM.slice(5),
  updates: {},
  version: 2,
});
const asked = () =>
  world.requests.map(({ url, init }) =>
    `${url.pathname.split("/").slice(3).join(" ")} ${init.body ?? ""}`.trim(),
  );
const cursors = (room: string, ...xs: number[]) => xs.map((x) => `cursor ${room} {"position":{"x":${x}}}`);
const answerAll = async () => {
  for (const request of world.requests) request.answer({});
  await tick();
};

async function onStreams(...rooms: string[]) {
  inWorld({ rooms });
  await unopened(world, tick);
  for (const room of rooms) world.stream(room).open("q0");
  await tick();
}

eachInItsWorld();

describe("an item on event streams", () => {
  it("is told of with its people, from its own position, over whatever comes next", async () => {
    await onStreams("global", ITEM);
    const users = [{ user_id: "v", name: "Vic", state: "active" }];
    const stream = world.stream(ITEM);
    stream.say({ type: "presence_state", resource_id: ITEM, seq: 3, users } as never);
    stream.say({ type: "presence_update", resource_id: ITEM, seq: 3, active_users: [] } as never);
    stream.say({ type: "cursor_update", resource_id: ITEM, user_id: "v", position: { x: 1 } } as never);
    stream.say(update("q1"), "q1");
    stream.say(update("q1"), "q1");
    await tick();
    world.stream("global").say(item("p1"), "p1");
    await tick();
    expect(world.frames.slice(-2).map(({ type }) => type)).toEqual(["presence_state", "cursor_update"]);
    expect(world.events).toEqual(["q1", "p1"]);
    expect(world.resyncs).toEqual(["first_join", "first_join"]);
    stream.end();
    await tick(500);
    last().cut();
    await tick();
    expect(world.stream(ITEM).headers["last-event-id"]).toBe("q1");
    expect(world.stream("global").headers["last-event-id"]).toBe("p1");
    world.stream(ITEM).open("q1");
    world.stream("global").open("p1");
    world.stream(ITEM).say(update("q2"), "q2");
    await tick(60_000);
    for (const room of [ITEM, "global"]) world.stream(room).write(":heartbeat\n\n");
    await tick(60_000);
    last().hello();
    expect(last().types()).toEqual([`join_room ${ITEM} q2`]);
    last().joined("global", "p1");
    last().joined(ITEM, "q2");
    expect(world.events).toEqual(["q1", "p1", "q2"]);
    expect(world.resyncs).toHaveLength(2);
    expect(asked()).toEqual([]);
  });

  it("may have missed something, and is the only one that has", async () => {
    await onStreams("global", ITEM);
    world.stream(ITEM).say({ type: "resync", room: ITEM, reason: "records_lost" } as never);
    await tick();
    expect(world.frames.filter(({ type }) => type === "resync").slice(2)).toEqual([
      { type: "resync", room: ITEM, reason: "records_lost" },
    ]);
  });
});

describe("what is said beside event streams", () => {
  it("is one's pointer: the latest only, five times a second, once the one before was taken", async () => {
    await onStreams(ITEM, OTHER);
    for (const x of [1, 2, 3]) {
      world.client.moveCursor(ITEM, { x });
      await tick(50);
    }
    await tick(150);
    expect(asked()).toEqual(cursors(ITEM, 1));
    world.client.moveCursor(ITEM, { x: 4 });
    world.client.moveCursor(OTHER, { x: 5 });
    await tick(200);
    await answerAll();
    expect(asked()).toEqual(cursors(ITEM, 1, 4));
    world.requests[1]?.refuse(429, "slow down");
    await tick();
    expect(asked().slice(2)).toEqual(cursors(OTHER, 5));
    await answerAll();
    await tick(200);
    world.client.moveCursor("item:3", { x: 6 });
    await tick(200);
    expect(asked()).toHaveLength(3);
    expect(world.requests[0]?.headers.authorization).toBe("Bearer t");
  });

  it("is whether somebody is there, in each room that shows it", async () => {
    await onStreams("global", ITEM);
    world.show(false);
    world.show(true);
    expect(asked()).toEqual(["away", "active"].map((state) => `join ${ITEM} {"state":"${state}"}`));
    await tick(19_999);
    world.input();
    expect(asked()).toHaveLength(2);
  });

  it("ends with the room, and with all of them, where something was said", async () => {
    await onStreams("global", ITEM);
    const letGo = world.client.join(OTHER);
    await tick();
    world.stream(OTHER).open("q0");
    await tick();
    letGo();
    expect(asked()).toEqual([]);
    world.client.moveCursor(ITEM, { x: 1 });
    await tick();
    world.client.disconnect();
    await tick(60_000);
    expect(asked()).toEqual([...cursors(ITEM, 1), `leave ${ITEM}`]);
    expect(world.requests[1]?.init.keepalive).toBe(true);
  });

  it("does not end when a WebSocket is tried", async () => {
    await onStreams(ITEM);
    world.client.moveCursor(ITEM, { x: 1 });
    await tick(60_000);
    world.stream(ITEM).write(":heartbeat\n\n");
    await tick(60_000);
    expect(world.sockets).toHaveLength(4);
    expect(asked()).toHaveLength(1);
  });
});
