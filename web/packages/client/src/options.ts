import type { ItemFilter } from "./model.ts";
import {
  browserNetwork,
  browserPage,
  type Clock,
  type Network,
  openBrowserSocket,
  type Page,
  type Socket,
  systemClock,
} from "./ports.ts";

/** `renew`: the last token was refused, so one that is kept will not do. */
export interface Ask {
  renew: boolean;
}

export interface JoinOptions {
  /** Which of the room's events are wanted; all without it. */
  filter?: ItemFilter;
  /** From where to resume, as `position` told it before; live from now without it. */
  position?: string;
}

export interface ClientOptions {
  /** Where the server is: `https://crisis.example`. The page's own origin without it. */
  url?: string;
  /** An access token that does not change. */
  token?: string;
  /** The access token as it now is; asked before each connection and before the last one ends. */
  getToken?: (ask: Ask) => string | Promise<string>;
  /** A one-time ticket (`POST /api/ws/ticket`), for those who would rather not hand the token over. */
  getTicket?: (ask: Ask) => string | Promise<string>;
  /** Rooms to be in for as long as the client is. */
  rooms?: (string | ({ room: string } & JoinOptions))[];
  /** The first wait after a failed try is anything up to this; it doubles. Default 3,000. */
  backoffBaseMs?: number;
  /** Longest wait between tries. Default 30,000. */
  backoffMaxMs?: number;
  /** Tries after a loss before the client gives up; `Infinity` never does. Default 10. */
  maxTries?: number;
  /** WebSockets in a row that do not open before event streams are tried; `Infinity` never does. Default 3. */
  sseAfter?: number;
  /** Rooms that have an event stream at once; others wait. Default 3, half of what a browser opens to a server. */
  maxStreams?: number;
  /** On event streams, how long until a WebSocket is tried again. Default 120,000. */
  webSocketAgainMs?: number;
  /** Silence after which the client pings. Default 25,000. */
  pingEveryMs?: number;
  /** Silence after a ping that ends the connection. Default 10,000. */
  pongWithinMs?: number;
  /** How long the server may take to let a connection or a room in. Default 10,000. */
  joinWithinMs?: number;
  /** How long before its end the token is renewed. Default 30,000. */
  renewBeforeMs?: number;
  /** Events remembered in each room, to drop one that comes again. Default 1,000. */
  remembered?: number;
  openSocket?: (address: string, protocols: string[]) => Socket;
  fetch?: typeof fetch;
  random?: () => number;
  clock?: Clock;
  network?: Network;
  page?: Page;
}

/** As it is used: what has a default is there. */
export type Settings = Required<Omit<ClientOptions, "url" | "token" | "getToken" | "getTicket" | "rooms">> &
  ClientOptions;

const DEFAULTS = {
  backoffBaseMs: 3_000,
  backoffMaxMs: 30_000,
  maxTries: 10,
  sseAfter: 3,
  maxStreams: 3,
  webSocketAgainMs: 120_000,
  pingEveryMs: 25_000,
  pongWithinMs: 10_000,
  joinWithinMs: 10_000,
  renewBeforeMs: 30_000,
  remembered: 1_000,
  openSocket: openBrowserSocket,
  fetch: ((...request) => globalThis.fetch(...request)) as typeof fetch,
  random: Math.random,
  clock: systemClock,
  network: browserNetwork,
  page: browserPage,
};

export function settings(options: ClientOptions): Settings {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...(Object.fromEntries(given) as ClientOptions) } as Settings;
}
