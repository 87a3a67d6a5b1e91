import type { ClientFrame, ServerFrame } from "./frames.ts";
import type { ItemFilter } from "./model.ts";

export type Transport = "websocket" | "sse";

/** How a connection is let in: a token in a header (or what stands for one), or a ticket, once, in the address. */
export type Credential = { token: string } | { ticket: string };

/** One connection, over whichever transport. */
export interface Line {
  readonly transport: Transport;
  /** Joins the room, or joins it anew from another position or with another filter. False where it cannot. */
  join(room: string, position: string | null, filter: ItemFilter | undefined): boolean;
  leave(room: string): void;
  /** Anything but joins; dropped where the transport has no way to say it. */
  send(frame: ClientFrame): void;
  /** What the server names the connection that carries the room, or would; null before it has. */
  session(room?: string): string | null;
  /** Closes it; nothing is heard of it after. `isForGood`: no other follows. */
  close(isForGood?: boolean): void;
}

export interface LineEvents {
  frame(frame: ServerFrame): void;
  /** Everything of the room up to here has come, though nothing was told. */
  passed(room: string, position: string): void;
  closed(code: number, reason: string): void;
}

/** `https://host/base/` without the last slash. */
export function baseOf(url: string | undefined): string {
  const base = url ?? globalThis.location?.origin;
  if (!base) throw new Error("there is no page to take the address from; pass `url`");
  return base.replace(/\/+$/, "").replace(/^ws/, "http");
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether it can be reached without any network. */
export function isLoopback(base: string): boolean {
  return LOOPBACK.has(new URL(base).hostname);
}
