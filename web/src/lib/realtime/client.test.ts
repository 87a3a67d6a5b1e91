import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BACKOFF_MAX_MS, backoffMs } from "./backoff";
import {
  JOIN_WITHIN_MS,
  PING_EVERY_MS,
  PONG_WITHIN_MS,
  RealtimeClient,
  type Signal,
  type Socket,
} from "./client";

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: Record<string, unknown>[] = [];
  closed = false;

  send(text: string) {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close() {
    this.closed = true;
  }
  say(frame: Record<string, unknown>) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  cut() {
    this.onclose?.({ code: 1006 });
  }
  hello() {
    this.say({
      type: "connection",
      status: "connected",
      session: "s",
      user_id: "u",
      heartbeat_s: 30,
      node: "n",
    });
  }
  joined(room: string, position: string, recovered = true) {
    this.say({ type: "joined_room", room, position, recovered });
  }
  item(position: string, room = "global") {
    this.say({ type: "new_item", room, position, at: "2026-01-01T00:00:00Z", data: { id: position } });
  }
  types() {
    return this.sent.map((frame) => [frame.type, frame.room, frame.position].filter(Boolean).join(" "));
  }
}

let sockets: FakeSocket[];
let signals: Signal[];
let client: RealtimeClient;
/** The position that each address was asked for with. */
let asked: (string | null)[];

const last = () => sockets.at(-1) as FakeSocket;
const positions = () => signals.flatMap((signal) => (signal.kind === "event" ? [signal.event.position] : []));
const resyncs = () => signals.flatMap((signal) => (signal.kind === "resync" ? [signal.reason] : []));
const tick = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

async function live() {
  client.join("global");
  client.start();
  await tick();
  last().hello();
  last().joined("global", "p0");
}

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  signals = [];
  asked = [];
  client = new RealtimeClient({
    address: async (position) => {
      asked.push(position);
      return "ws://test/ws?ticket=t";
    },
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    random: () => 0.5,
  });
  client.onSignal((signal) => signals.push(signal));
});

afterEach(() => {
  client.stop();
  vi.useRealTimers();
});

describe("connecting", () => {
  it("is live once every room has answered, and asks for a first fetch of each", async () => {
    client.join("global");
    client.join("item:1");
    client.start();
    expect(client.getState().phase).toBe("connecting");
    await tick();
    last().hello();
    expect(last().types()).toEqual(["join_room item:1"]);
    last().joined("global", "p0");
    expect(client.getState().phase).toBe("connecting");
    last().joined("item:1", "q0");
    expect(client.getState().phase).toBe("live");
    expect(resyncs()).toEqual(["first_join", "first_join"]);
  });

  it("counts the askers of a room: joins once, leaves with the last", async () => {
    await live();
    const first = client.join("item:1");
    const second = client.join("item:1");
    first();
    first();
    expect(last().types()).toEqual(["join_room item:1"]);
    second();
    expect(last().types()).toEqual(["join_room item:1", "leave_room item:1"]);
    expect(client.getState().phase).toBe("live");
  });

  it("brings a renewed token over the open connection", async () => {
    await live();
    client.renew("fresh");
    expect(last().sent.at(-1)).toEqual({ type: "auth", token: "fresh" });
  });

  it("tries again when no ticket is to be had, and when a room does not answer", async () => {
    const address = vi.fn().mockRejectedValueOnce(new Error("503")).mockResolvedValue("ws://test");
    const open = () => sockets[sockets.push(new FakeSocket()) - 1] as FakeSocket;
    client = new RealtimeClient({ address, open, random: () => 0.5 });
    client.join("global");
    client.start();
    await tick();
    expect(client.getState().phase).toBe("offline");
    await tick(1_000);
    expect(sockets).toHaveLength(1);
    last().hello();
    await tick(JOIN_WITHIN_MS);
    expect(last().closed).toBe(true);
    expect(client.getState().phase).toBe("offline");
  });
});

describe("resuming", () => {
  it("rejoins from the last position and passes on what was missed, in order", async () => {
    await live();
    last().item("p1");
    last().cut();
    expect(client.getState().phase).toBe("offline");
    await tick(500);
    last().hello();
    expect(client.getState().phase).toBe("resuming");
    expect(asked).toEqual([null, "p1"]);
    expect(last().types()).toEqual([]);
    last().joined("global", "p1");
    expect(client.getState().phase).toBe("live");
    for (const position of ["p2", "p3", "p9"]) last().item(position);
    expect(positions()).toEqual(["p1", "p2", "p3", "p9"]);
    expect(resyncs()).toEqual(["first_join"]);
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
    expect(asked.at(-1)).toBe("p2");
  });

  it("drops an event that it has seen, by its position", async () => {
    await live();
    last().item("p1");
    last().item("p1");
    last().item("p2");
    last().item("p1");
    expect(positions()).toEqual(["p1", "p2"]);
  });

  it("keeps a position for each room", async () => {
    await live();
    client.join("item:1");
    last().joined("item:1", "q0");
    last().item("p5");
    last().item("q1", "item:1");
    last().cut();
    await tick(500);
    last().hello();
    expect(asked.at(-1)).toBe("p5");
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
    expect(resyncs()).toEqual(["first_join", "history_evicted"]);
    last().cut();
    await tick(1_000);
    expect(asked.at(-1)).toBe("p70");
  });

  it("starts a room afresh when the server does not know its position", async () => {
    await live();
    last().cut();
    await tick(500);
    last().hello();
    last().say({ type: "error", code: "invalid_position", message: "no", room: "global" });
    expect(last().types()).toEqual(["join_room global"]);
    last().joined("global", "z1");
    expect(resyncs()).toEqual(["first_join", "first_join"]);
  });
});

describe("a room that the server refuses", () => {
  const refuse = (code: string, room?: string) => last().say({ type: "error", code, message: "no", room });

  it("leaves the connection live, whatever the reason", async () => {
    await live();
    for (const code of ["unknown_room", "forbidden", "too_many_rooms"]) {
      client.join(`item:${code}`);
      refuse(code, `item:${code}`);
      expect(client.roomPhase(`item:${code}`)).toBe("refused");
    }
    await tick(JOIN_WITHIN_MS);
    expect(client.getState().phase).toBe("live");
    expect(client.roomPhase("global")).toBe("joined");
    expect(sockets).toHaveLength(1);
  });

  it("does not keep the connection from getting live, and is asked for again on the next", async () => {
    client.join("item:abc");
    await live();
    expect(client.getState().phase).toBe("connecting");
    refuse("unknown_room", "item:abc");
    expect(client.getState().phase).toBe("live");
    last().cut();
    await tick(500);
    last().hello();
    expect(last().types()).toEqual(["join_room item:abc"]);
  });

  it("is the one that waits when the error names none", async () => {
    await live();
    client.join("item:abc");
    refuse("unknown_room");
    expect(client.roomPhase("item:abc")).toBe("refused");
    refuse("forbidden");
    expect(client.roomPhase("global")).toBe("joined");
  });

  it("is let go without a word, and other errors refuse nothing", async () => {
    await live();
    const letGo = client.join("item:abc");
    refuse("rate_limited", "item:abc");
    expect(client.roomPhase("item:abc")).toBe("joining");
    refuse("unknown_room", "item:abc");
    letGo();
    expect(last().types()).toEqual(["join_room item:abc"]);
    expect(client.roomPhase("item:abc")).toBeUndefined();
  });
});

describe("keeping the connection", () => {
  it("pings after silence and gives up when nothing answers", async () => {
    await live();
    await tick(PING_EVERY_MS);
    expect(last().sent.at(-1)).toEqual({ type: "ping" });
    last().say({ type: "pong" });
    await tick(PING_EVERY_MS);
    expect(client.getState().phase).toBe("live");
    await tick(PONG_WITHIN_MS);
    expect(sockets[0]?.closed).toBe(true);
    expect(client.getState()).toEqual({ phase: "offline", since: expect.any(Number) });
  });

  it("waits longer after each failure, never longer than the ceiling, and starts over once live", async () => {
    expect([0, 1, 2, 3].map((attempt) => backoffMs(attempt, () => 1))).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(backoffMs(40, () => 1)).toBe(BACKOFF_MAX_MS);
    expect(backoffMs(3, () => 0)).toBe(0);
    await live();
    last().cut();
    await tick(500);
    last().cut();
    await tick(999);
    expect(sockets).toHaveLength(2);
    await tick(1);
    expect(sockets).toHaveLength(3);
  });

  it("reconnects when the node that goes away says so", async () => {
    await live();
    last().say({ type: "going_away", reconnect_after_ms: 300 });
    expect(sockets[0]?.closed).toBe(true);
    await tick(299);
    expect(sockets).toHaveLength(1);
    await tick(1);
    expect(sockets).toHaveLength(2);
  });

  it("says since when it is offline, through every failed try", async () => {
    await live();
    last().cut();
    const before = client.getState();
    await tick(500);
    last().cut();
    expect(client.getState()).toBe(before);
  });

  it("does not survive rubbish frames as anything but silence", async () => {
    await live();
    last().onmessage?.({ data: "not json" });
    last().onmessage?.({ data: "null" });
    last().onmessage?.({ data: new ArrayBuffer(2) });
    expect(client.getState().phase).toBe("live");
  });

  it("stays silent after stop", async () => {
    await live();
    client.stop();
    await tick(60_000);
    expect(sockets).toHaveLength(1);
    expect(client.getState().phase).toBe("idle");
  });
});
