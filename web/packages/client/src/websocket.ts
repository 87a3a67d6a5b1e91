import { decode } from "./events.ts";
import type { Credential, Line, LineEvents } from "./line.ts";
import { Pacer } from "./pacer.ts";
import type { Clock, Socket } from "./ports.ts";
import type { RoomState } from "./room.ts";

/** The room that the address joins by itself, and from where. */
export interface Entry {
  room: string;
  position: string | null;
}

export const GLOBAL = "global";
const ITEM = "item:";

const ITEM_ROOM = /^item:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether an address of its own joins the room. What is no id has none: there the connection would fail, and not the room. */
function isEntry(room: string): boolean {
  return room === GLOBAL || ITEM_ROOM.test(room);
}

/** The room that the address is to join, so that the server need not be asked for it. */
export function entryOf(rooms: ReadonlyMap<string, RoomState>): Entry {
  const plain = [...rooms].filter(([name, room]) => isEntry(name) && room.wanted() === undefined);
  const [room, state] = plain.find(([name]) => name === GLOBAL) ?? plain[0] ?? [GLOBAL, undefined];
  return { room, position: state?.position ?? null };
}

export function socketAddress(base: string, entry: Entry, credential: Credential): string {
  const path = entry.room.startsWith(ITEM)
    ? `/ws/items/${encodeURIComponent(entry.room.slice(ITEM.length))}`
    : "/ws";
  const url = new URL(base.replace(/^http/, "ws") + path);
  if ("ticket" in credential) url.searchParams.set("ticket", credential.ticket);
  if (entry.position !== null) url.searchParams.set("position", entry.position);
  return url.href;
}

export interface SocketOptions {
  base: string;
  entry: Entry;
  credential: Credential;
  clock: Clock;
  open: (address: string, protocols: string[]) => Socket;
}

export function openWebSocket(options: SocketOptions, events: LineEvents): Line {
  const { base, entry, credential } = options;
  // A browser can put no header on a WebSocket; a subprotocol keeps the token out of addresses and their logs.
  const protocols = "token" in credential ? [`bearer.${credential.token}`] : [];
  const socket = options.open(socketAddress(base, entry, credential), protocols);
  const pacer = new Pacer(options.clock, (text) => socket.send(text));
  const send: Line["send"] = (frame) => pacer.send(JSON.stringify(frame));
  let session: string | null = null;
  socket.onmessage = ({ data }) => {
    const frame = decode(data);
    if (frame?.type === "connection") session = frame.session;
    if (frame) events.frame(frame);
  };
  socket.onclose = ({ code, reason }) => {
    pacer.stop();
    events.closed(code, reason ?? "");
  };
  return {
    transport: "websocket",
    join: (room, position, filter) => {
      send({ type: "join_room", room, ...(position !== null && { position }), ...(filter && { filter }) });
      return true;
    },
    leave: (room) => send({ type: "leave_room", room }),
    send,
    session: () => session,
    close: () => {
      pacer.stop();
      socket.onmessage = null;
      socket.onclose = null;
      socket.close(1000);
    },
  };
}
