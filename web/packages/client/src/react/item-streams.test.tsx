import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeLocks, RESOURCE } from "../fake-locks.ts";
import { FakeSocket, FakeStream, item } from "../fakes.ts";
import { type ItemSocket, useItemWebSocket } from "./index.ts";

vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

let root: Root;
let sockets: FakeSocket[];
let streams: FakeStream[];
let posts: string[];
let locks: FakeLocks;
let one: ItemSocket;
const ITEM = RESOURCE.slice(5);
const stream = () => streams.at(-1) as FakeStream;
const say = async (...frames: object[]) => {
  for (const frame of frames) stream().say(frame as never, (frame as { position?: string }).position);
  await turn();
};
const turn = (ms = 0) => act(async () => vi.advanceTimersByTimeAsync(ms));
const present = ["u", "v"].map((user_id) => ({ user_id, name: user_id.toUpperCase(), state: "active" }));

function fetch(address: string, init: RequestInit): Promise<Response> {
  const { pathname } = new URL(address);
  const [act] = pathname.replace("/api/collaboration/", "").split("/");
  if (pathname.startsWith("/api/sse/"))
    return new Promise((answered) => streams.push(new FakeStream(address, init, answered)));
  if (act === "presence" || act === "lock") return locks.fetch(address, init);
  posts.push(`${act} ${init.body ?? ""}`);
  return Promise.resolve(new Response(null, { status: 204 }));
}

function OneItem() {
  one = useItemWebSocket(ITEM, "a", {
    url: "https://crisis.example",
    fetch: fetch as typeof globalThis.fetch,
    random: () => 0.5,
    sseAfter: 1,
    openSocket: (address, protocols) => {
      const socket = new FakeSocket(address, protocols);
      sockets.push(socket);
      return socket;
    },
  });
  return null;
}

/** The WebSocket does not open, so that the stream is. */
async function onStream(session: string) {
  await act(async () => sockets.at(-1)?.cut());
  stream().open("p0", session);
  await say({ type: "presence_state", resource_id: RESOURCE, seq: 1, users: present });
}

beforeEach(async () => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "Date", "performance", "requestAnimationFrame"],
  });
  [sockets, streams, posts] = [[], [], []];
  locks = new FakeLocks();
  root = createRoot(document.createElement("main"));
  await act(async () => root.render(<OneItem />));
  await onStream("s1");
});

afterEach(async () => {
  await act(async () => root.unmount());
  vi.useRealTimers();
});

it("useItemWebSocket goes on over the item's event stream: changes, who is there and points where, what they do", async () => {
  expect(streams.map(({ url }) => url.search)).toEqual([`?room=item%3A${ITEM}`]);
  expect(one.isConnected).toBe(true);
  expect(one.resyncs).toBe(1);
  expect(one.presence.map(({ name }) => name)).toEqual(["U", "V"]);
  const update = {
    ...item("p1", RESOURCE),
    type: "item_update",
    item_id: ITEM,
    updates: { tags: ["a"] },
    version: 2,
  };
  const cursor = { type: "cursor_update", resource_id: RESOURCE, user_id: "v", position: { x: 2 } };
  locks.as("v");
  await say(update, cursor, locks.update("taken"));
  expect(one.changes).toEqual({ updates: { tags: ["a"] }, version: 2 });
  expect(one.activeCursors).toEqual({ v: { x: 2 } });
  expect(one.lock).toMatchObject({ mine: false, lock: { holder: { name: "V" } } });
  expect(one.activity.map(({ action }) => action)).toEqual(["taken"]);
  const left = {
    resource_id: RESOURCE,
    seq: 2,
    user_id: "v",
    action: "left",
    active_users: present.slice(0, 1),
  };
  await say({ type: "presence_update", ...left });
  expect(one.presence.map(({ name }) => name)).toEqual(["U"]);
  expect(one.activeCursors).toEqual({});
  await act(async () => one.moveCursor({ x: 1 }));
  await act(async () => root.render(null));
  expect(posts).toEqual(['cursor {"position":{"x":1}}', "leave "]);
});

it("the lock is taken on the stream's session, anew when the stream is another, and followed there", async () => {
  await act(async () => void (await one.lock.take()));
  expect(one.lock).toMatchObject({ mine: true, token: 1, lock: { holder: { connection: "s1" } } });
  stream().end();
  await turn(2_000);
  await onStream("s2");
  expect(one.lock).toMatchObject({ mine: true, token: 2, lock: { holder: { connection: "s2" } } });
  // The look that was planned before the room was joined.
  await turn(10_000);
  const looks = locks.asked.length;
  await turn(50_000);
  expect(locks.asked).toHaveLength(looks);
  locks.as("v");
  await say(locks.update("forced"));
  expect(one.lock).toMatchObject({ mine: false, lost: "forced", lock: { holder: { name: "V" } } });
});
