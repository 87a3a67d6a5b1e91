import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fakeWorld, hello, item, unopened } from "./fakes.ts";
import { filterParameters } from "./sse.ts";
import { type Block, blockReader } from "./sse-parser.ts";

let world: ReturnType<typeof fakeWorld>;
const tick = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const onStreams = () => unopened(world, tick);
const rooms = () => world.streams.map(({ url }) => url.searchParams.get("room"));

async function live() {
  await onStreams();
  world.stream().open("p0");
  await tick();
}

beforeEach(() => {
  vi.useFakeTimers();
  world = fakeWorld({ rooms: ["global"] });
});

afterEach(() => {
  world.client.disconnect();
  vi.useRealTimers();
});

describe("event streams", () => {
  it("carry the events once WebSockets have not opened three times", async () => {
    await live();
    expect(world.stream().url.href).toBe("https://crisis.example/api/sse/stream?room=global");
    expect(world.stream().headers.authorization).toBe("Bearer t");
    expect(world.phase()).toBe("live");
    expect(world.client.transport).toBe("sse");
    world.stream().say(item("p1"), "p1");
    await tick();
    expect(world.events).toEqual(["p1"]);
    expect(world.resyncs).toEqual(["first_join"]);
  });

  it("resume from where a WebSocket was, and it from where they were", async () => {
    world.client.connect();
    await tick();
    world.last().hello();
    world.last().joined("global", "p0");
    world.last().item("p1");
    for (const wait of [500, 1_000, 2_000]) {
      world.last().cut();
      await tick(wait);
    }
    world.last().cut();
    await tick();
    expect(world.stream().headers["last-event-id"]).toBe("p1");
    world.stream().open("p1");
    world.stream().say(item("p2"), "p2");
    world.stream().write(":heartbeat\nid: p7\n\n");
    await tick();
    await tick(50_000);
    world.stream().write(":heartbeat\n\n");
    await tick(50_000);
    world.stream().write(":heartbeat\n\n");
    await tick(20_000);
    expect(world.stream().signal.aborted).toBe(true);
    expect(world.last().position()).toBe("p7");
    expect(world.events).toEqual(["p1", "p2"]);
  });

  it("are one for each room, with its filter and name for the connection", async () => {
    world.client.join("alerts", { filter: { severity: ["high", "critical"] } });
    await onStreams();
    expect(rooms()).toEqual(["global", "alerts"]);
    expect(world.stream("alerts").url.searchParams.get("severity")).toBe("high,critical");
    world.stream("global").open("p0", "s1");
    await tick();
    expect(world.phase()).toBe("connecting");
    expect(world.client.sessionOf("alerts")).toBeNull();
    world.stream("alerts").open("q0", "s2");
    await tick();
    expect(world.phase()).toBe("live");
    expect(world.client.session).toBe("s1");
    expect(["global", "alerts", "other"].map((room) => world.client.sessionOf(room))).toEqual([
      "s1",
      "s2",
      "s1",
    ]);
    expect(world.frames.filter(({ type }) => type === "connection")).toHaveLength(1);
  });

  it("are not tried where no room is wanted", async () => {
    world = fakeWorld();
    await onStreams();
    expect(world.streams).toHaveLength(0);
  });

  it("begin and end with the rooms that are joined meanwhile", async () => {
    await live();
    const letGo = world.client.join("alerts");
    await tick();
    expect(world.phase()).toBe("live");
    world.stream("alerts").open("q0");
    await tick();
    expect(world.client.roomPhase("alerts")).toBe("joined");
    letGo();
    expect(world.stream("alerts").signal.aborted).toBe(true);
    expect(world.stream("global").signal.aborted).toBe(false);
  });

  it("are so many at most; other rooms wait until one is left or refused, with their positions", async () => {
    await live();
    const letGo = world.client.join("alerts");
    world.client.join("user:v");
    world.client.join("user:u");
    world.client.join("item:1", { position: "i1" });
    await tick();
    expect(rooms()).toEqual(["global", "alerts", "user:v"]);
    expect(world.client.roomPhase("user:u")).toBe("unavailable");
    world.stream("alerts").open("q0");
    world.stream("user:v").refuse(403, "this room is another person's");
    await tick();
    expect(world.client.roomPhase("user:v")).toBe("refused");
    expect(world.frames.at(-1)).toMatchObject({ type: "error", code: "forbidden", room: "user:v" });
    expect(rooms().slice(3)).toEqual(["user:u"]);
    letGo();
    await tick();
    expect(rooms().slice(4)).toEqual(["item:1"]);
    expect(world.stream("item:1").headers["last-event-id"]).toBe("i1");
    world.stream("user:u").open("u0");
    world.stream("item:1").open("i1");
    await tick();
    expect(world.phase()).toBe("live");
    expect(world.streams.filter(({ signal }) => !signal.aborted)).toHaveLength(3);
  });

  it("that are all refused are a refused connection", async () => {
    world = fakeWorld({ rooms: ["kitchen", "user:v"] });
    await onStreams();
    world.stream("kitchen").refuse(400, "there is no such room");
    world.stream("user:v").refuse(403, "this origin may not open live streams");
    await tick();
    expect(world.phase()).toBe("offline");
    for (let go = 0; go < 2; go++) {
      await tick(4_000);
      world.last().cut();
      await tick();
      for (const room of ["kitchen", "user:v"]) world.stream(room).refuse(403, "no");
      await tick();
    }
    expect(world.client.getState()).toMatchObject({ phase: "ended", error: { reason: "refused" } });
  });

  it("are given up when they end, for a WebSocket first, which has half the time", async () => {
    await live();
    world.stream().end();
    await tick();
    expect(world.phase()).toBe("offline");
    await tick(500);
    expect(world.sockets).toHaveLength(4);
    await tick(4_999);
    expect(world.streams).toHaveLength(1);
    await tick(1);
    expect(world.streams).toHaveLength(2);
    expect(world.stream().headers["last-event-id"]).toBe("p0");
  });

  it("are given up when one is silent, whatever the others say", async () => {
    world.client.join("alerts");
    await onStreams();
    for (const stream of world.streams) stream.open("p0");
    await tick();
    await tick(69_999);
    world.stream("global").write(":heartbeat\n\n");
    await tick();
    expect(world.phase()).toBe("live");
    await tick(1);
    expect(world.phase()).toBe("offline");
    expect(world.stream("global").signal.aborted).toBe(true);
  });

  it("renew a token that has ended, and take tickets where there is no token", async () => {
    const getToken = vi.fn(({ renew }: { renew: boolean }) => (renew ? "new" : "old"));
    world = fakeWorld({ rooms: ["global"], getToken });
    await onStreams();
    world.stream().refuse(401, "the token has expired");
    await tick();
    expect(getToken).toHaveBeenLastCalledWith({ renew: true });
    world.client.disconnect();
    world = fakeWorld({ rooms: ["global"], token: undefined, getTicket: () => "once" });
    await onStreams();
    expect(world.stream().url.searchParams.get("ticket")).toBe("once");
    expect(world.stream().headers.authorization).toBeUndefined();
  });

  it("start afresh when the server does not know the position", async () => {
    world = fakeWorld({ rooms: [{ room: "global", position: "old" }] });
    await onStreams();
    world.stream().accept();
    world.stream().say(hello);
    world.stream().say({ type: "error", code: "invalid_position", message: "no", room: "global" } as never);
    await tick();
    expect(world.streams).toHaveLength(2);
    expect(world.stream().headers["last-event-id"]).toBeUndefined();
    world.stream().open("z1");
    await tick();
    expect(world.resyncs).toEqual(["first_join"]);
    expect(world.phase()).toBe("live");
  });
});

describe("an event stream's text", () => {
  const blocks = (...pieces: string[]) => {
    const found: Block[] = [];
    const read = blockReader((block) => found.push(block));
    for (const piece of pieces) read(piece);
    return found;
  };

  it("is read in pieces of any size and with any line's end", () => {
    const whole = [
      { id: "1", data: "a:b" },
      { id: "2", data: "c\nd" },
      { id: undefined, data: undefined },
    ];
    for (const end of ["\n", "\r\n", "\r"]) {
      const text = [
        "id: 1",
        "data: a:b",
        "",
        "",
        "event:x",
        "id:2",
        "data:c",
        "data:d",
        "",
        ":hi",
        "",
        "",
      ].join(end);
      // The last line's end, were it a lone carriage return, could be half of one.
      expect(blocks(...`${text}\n`)).toEqual(whole);
      expect(blocks(`${text}\n`)).toEqual(whole);
    }
    expect(blocks("data: half")).toEqual([]);
  });

  it("has the filter in its address as the API names it", () => {
    const bbox = { west: 1, south: 2, east: 3, north: 4 };
    const filter = { bbox, max_risk: 0.5, min_risk: 0, country: [], hazard: ["flood" as const] };
    expect(Object.fromEntries(filterParameters(filter))).toEqual({
      bbox: "1,2,3,4",
      risk_max: "0.5",
      min_risk: "0",
      hazard: "flood",
    });
  });
});
