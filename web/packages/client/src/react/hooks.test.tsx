import { act, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeLocks } from "../fake-locks.ts";
import { FakeSocket, item } from "../fakes.ts";
import {
  type Connection,
  type GlobalSocket,
  type ItemSocket,
  useGlobalWebSocket,
  useItemWebSocket,
  useWebSocket,
} from "./index.ts";

vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

let root: Root;
let sockets: FakeSocket[];
let locks: FakeLocks;
const last = () => sockets.at(-1) as FakeSocket;
const options = () => ({
  url: "https://crisis.example",
  fetch: locks.fetch,
  openSocket: (address: string, protocols: string[]) => {
    const socket = new FakeSocket(address, protocols);
    sockets.push(socket);
    return socket;
  },
});
/** Until batches are handed over. */
const turn = () => act(async () => vi.advanceTimersByTimeAsync(200));
const say = (run: () => void) => act(async () => run());

let plain: Connection;
let global: GlobalSocket;
let one: ItemSocket;

function Plain({ token }: { token: string | null }) {
  plain = useWebSocket(token, { ...options(), rooms: ["alerts"] });
  return null;
}

function Everywhere() {
  global = useGlobalWebSocket("a", { ...options(), kept: 2 });
  return null;
}

function OneItem({ id }: { id: string }) {
  one = useItemWebSocket(id, "a", options());
  return null;
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "Date", "performance", "requestAnimationFrame"],
  });
  sockets = [];
  locks = new FakeLocks();
  root = createRoot(document.createElement("main"));
});

afterEach(async () => {
  await act(async () => root.unmount());
  vi.useRealTimers();
});

describe("useWebSocket", () => {
  const show = (token: string | null) => act(async () => root.render(<Plain token={token} />));

  it("connects while there is a token and brings a new one over the open connection", async () => {
    await show(null);
    expect(sockets).toHaveLength(0);
    await show("a");
    expect(last().protocols).toEqual(["bearer.a"]);
    await say(() => {
      last().hello();
      last().joined("alerts", "q0");
    });
    expect(plain.isConnected).toBe(true);
    await show("b");
    expect(last().sent.at(-1)).toEqual({ type: "auth", token: "b" });
    await show(null);
    expect(last().closed).toBe(true);
    expect(plain.state.phase).toBe("idle");
  });

  it("tells of the end, which a new token undoes", async () => {
    await show("a");
    await say(() => last().cut(4401));
    await turn();
    expect(plain.error?.reason).toBe("token_expired");
    await show("b");
    expect(last().protocols).toEqual(["bearer.b"]);
    expect(plain.error).toBeNull();
  });
});

describe("useGlobalWebSocket", () => {
  it("has the latest first, no more than are kept, and each alert once", async () => {
    await act(async () =>
      root.render(
        <StrictMode>
          <Everywhere />
        </StrictMode>,
      ),
    );
    const alert = (position: string, id: string, revision: number) =>
      last().say({ ...item(position), type: "alert", severity: "high", data: { id, revision } });
    await say(() => {
      last().hello();
      last().joined("global", "p0");
      for (const position of ["p1", "p2", "p3"]) last().item(position);
      alert("p4", "a", 1);
      alert("p5", "b", 1);
      alert("p6", "a", 2);
    });
    await turn();
    expect(global.isConnected).toBe(true);
    expect(global.resyncs).toBe(1);
    expect(global.newItems.map(({ id }) => id)).toEqual(["p3", "p2"]);
    expect(global.alerts.map(({ id, revision }) => `${id}${revision}`)).toEqual(["a2", "b1"]);
    await act(async () => global.clear());
    expect(global.newItems).toEqual([]);
  });
});

describe("useItemWebSocket", () => {
  const ITEM = "0192a0a0-0000-7000-8000-000000000001";
  const OTHER = "0192a0a0-0000-7000-8000-000000000002";
  const show = (id: string) => act(async () => root.render(<OneItem id={id} />));
  const user = (user_id: string) => ({ user_id, name: user_id });

  it("has who is there, their cursors until they leave, the lock and what changes", async () => {
    const resource_id = `item:${ITEM}`;
    await show(ITEM);
    expect(last().address).toBe(`wss://crisis.example/ws/items/${ITEM}`);
    await say(() => {
      last().hello();
      last().joined(resource_id, "q0");
      last().say({ type: "presence_state", resource_id, users: [user("u"), user("v"), user("w")] });
      for (const user_id of ["u", "v", "w"])
        last().say({ type: "cursor_update", resource_id, user_id, position: { x: 1 } });
      last().say({ type: "cursor_update", resource_id: "global", user_id: "x", position: { x: 1 } });
      locks.as("v");
      last().say({ ...locks.update("taken") });
      const update = { ...item("q1", resource_id), type: "item_update", item_id: ITEM };
      last().say({ ...update, updates: { status: "verified" }, version: 2 });
    });
    expect(Object.keys(one.activeCursors)).toEqual(["v", "w"]);
    expect(one.presence).toHaveLength(3);
    expect(one.lock).toMatchObject({ mine: false, lock: { holder: { name: "V" } } });
    expect(one.activity).toMatchObject([{ type: "lock_update", action: "taken" }]);
    expect(one.changes).toEqual({ updates: { status: "verified" }, version: 2 });
    await say(() => {
      const active_users = [user("u"), user("v")];
      last().say({ type: "presence_update", resource_id, user_id: "w", action: "left", active_users });
    });
    expect(Object.keys(one.activeCursors)).toEqual(["v"]);
    await act(async () => one.moveCursor({ x: 2 }));
    expect(last().sent.at(-1)).toEqual({ type: "cursor_move", resource_id, position: { x: 2 } });
  });

  it("takes the lock, loses it, and gives it back when the component goes", async () => {
    await show(ITEM);
    await say(() => {
      last().hello();
      last().joined(`item:${ITEM}`, "q0");
    });
    await act(async () => void (await one.lock.take()));
    expect(one.lock).toMatchObject({ mine: true, token: 1 });
    await say(() => {
      locks.as("v");
      last().say({ ...locks.update("forced") });
    });
    expect(one.lock).toMatchObject({ mine: false, lost: "forced", lock: { holder: { name: "V" } } });
    await act(async () => void (await one.lock.force()));
    await act(async () => root.render(null));
    await turn();
    expect(locks.lock).toBeNull();
  });

  it("goes from one item to another on the same connection", async () => {
    await show(ITEM);
    await say(() => {
      last().hello();
      last().joined(`item:${ITEM}`, "q0");
    });
    await show(OTHER);
    expect(last().types()).toEqual([`leave_room item:${ITEM}`, `join_room item:${OTHER}`]);
    expect(sockets).toHaveLength(1);
    expect(one.changes.version).toBe(0);
  });
});
