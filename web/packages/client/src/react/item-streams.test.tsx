import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeLocks, RESOURCE } from "../fake-locks.ts";
import { FakeSocket, FakeStream, hello, item } from "../fakes.ts";
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
const turn = (ms = 0) => act(async () => vi.advanceTimersByTimeAsync(ms));
const present = ["u", "v"].map((user_id) => ({ user_id, name: user_id.toUpperCase(), state: "active" }));

function fetch(address: string, init: RequestInit): Promise<Response> {
  const { pathname } = new URL(address);
  const [act] = pathname.replace("/api/collaboration/", "").split("/");
  if (pathname.startsWith("/api/sse/"))
    return new Promise((answered) => streams.push(new FakeStream(address, init, answered)));
  if (act === "presence" || act === "lock") return locks.fetch(address, init);
  posts.push(`${act} ${init.body ?? ""}`);
  return Promise.resolve(Response.json({ users: present }));
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
  stream().accept();
  stream().say({ ...hello, session } as never);
  stream().say({ type: "joined_room", room: "global", position: "p0", recovered: true } as never, "p0");
  await turn();
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

it("useItemWebSocket goes on over event streams: changes, who is there, one's own pointer", async () => {
  expect(one.isConnected).toBe(true);
  expect(one.resyncs).toBe(1);
  expect(one.presence.map(({ name }) => name)).toEqual(["U", "V"]);
  const update = (id: string, version: number) =>
    ({ ...item(`p${version}`), type: "item_update", item_id: id, updates: { tags: [id] }, version }) as never;
  await act(async () => {
    stream().say(update(ITEM, 2), "p2");
    stream().say(update("another", 3), "p3");
    const data = { incident: { id: "i" }, joined: [{ id: ITEM, version: 4 }] };
    stream().say({ ...item("p4"), type: "incident_update", data } as never, "p4");
  });
  await turn();
  expect(one.changes).toEqual({ updates: { tags: [ITEM], incident_id: "i" }, version: 4 });
  await act(async () => one.moveCursor({ x: 1 }));
  await act(async () => root.render(null));
  expect(posts).toEqual(['join {"state":"active"}', 'cursor {"position":{"x":1}}', "leave "]);
});

it("the lock is taken on the stream's session, anew when the stream is another, and looked at meanwhile", async () => {
  await act(async () => void (await one.lock.take()));
  expect(one.lock).toMatchObject({ mine: true, token: 1, lock: { holder: { connection: "s1" } } });
  stream().end();
  await turn(2_000);
  await onStream("s2");
  expect(one.lock).toMatchObject({ mine: true, token: 2, lock: { holder: { connection: "s2" } } });
  await act(async () => void locks.as("v"));
  await turn(10_000);
  expect(one.lock).toMatchObject({ mine: false, lost: "elsewhere", lock: { holder: { name: "V" } } });
});
