"use client";
// The app's one connection, joined to React and to the query cache.
import {
  batcher,
  type ConnectionState,
  CrisisClient,
  type PresentUser,
  type RoomEvent,
} from "@crisislens/client";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from "react";
import { api, freshSession, RENEW_BEFORE_MS, renew } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import { onSession, readSession } from "@/lib/api/session";
import type { Ticket } from "@/lib/api/types";
import { keepListsCaughtUp } from "./catch-up";
import { journal } from "./journal";
import { patchCache } from "./patch";
import { refresher } from "./refresher";

const Context = createContext<CrisisClient | null>(null);
const IDLE: ConnectionState = { phase: "idle" };
/** However short a token lives, it is not renewed more often than this. */
const RENEW_EVERY_MS = 5_000;
/** Longest time-out that browsers keep to. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

function newClient(): CrisisClient {
  const session = (again: boolean) => (again ? renew(readSession()) : freshSession());
  return new CrisisClient({
    getTicket: async (ask) => {
      if (ask.renew) await session(true);
      return (await api<Ticket>("/api/ws/ticket", { method: "POST" })).ticket;
    },
    getToken: async (ask) => (await session(ask.renew)).access,
    backoffBaseMs: 1_000,
    // A desk is left open for days.
    maxTries: Number.POSITIVE_INFINITY,
  });
}

export function RealtimeProvider({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const [client] = useState(newClient);
  useEffect(() => {
    const doubts = refresher(cache);
    const stopCatchingUp = keepListsCaughtUp(cache);
    const patch = batcher<RoomEvent>((events) => doubts.note(patchCache(cache, events, Date.now())));
    const present = (room: string, users: PresentUser[]) => cache.setQueryData(keys.presence(room), users);
    const stops = [
      client.on("event", (event) => {
        journal.add(event);
        patch(event);
      }),
      client.on("resync", ({ room }) => refetch(cache, room)),
      // What was fetched before may lack what was said before the room was joined.
      client.on("joined_room", ({ room }) => room === "alerts" && refetch(cache, room)),
      client.on("presence_state", ({ resource_id, users }) => present(resource_id, users)),
      client.on("presence_update", ({ resource_id, active_users }) => present(resource_id, active_users)),
      client.join("global"),
      stopCatchingUp,
      doubts.stop,
    ];
    client.connect();
    return () => {
      for (const stop of stops) stop();
      client.disconnect();
    };
  }, [cache, client]);
  useRenewal(client);
  return <Context value={client}>{children}</Context>;
}

/** Renews the token in time and tells the connection of the new one. */
function useRenewal(client: CrisisClient): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let known = readSession()?.access;
    const plan = () => {
      clearTimeout(timer);
      const session = readSession();
      if (!session) return;
      if (session.access !== known) client.renew(session.access);
      known = session.access;
      const wait = Math.max(RENEW_EVERY_MS, session.expiresAt - Date.now() - RENEW_BEFORE_MS + 1_000);
      timer = setTimeout(() => void freshSession().catch(() => undefined), Math.min(wait, LONGEST_TIMER_MS));
    };
    plan();
    const stop = onSession(plan);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [client]);
}

function refetch(cache: QueryClient, room: string): void {
  const [kind, id] = room.split(":");
  if (kind === "item" && id) {
    void cache.invalidateQueries({ queryKey: keys.item(id) });
    void cache.invalidateQueries({ queryKey: keys.activity(room) });
  } else if (kind === "user") void cache.invalidateQueries({ queryKey: keys.notifications });
  else {
    const shown = room === "alerts" ? [keys.singleAlerts] : [keys.items, keys.incidents];
    for (const queryKey of [...shown, keys.alerts]) void cache.invalidateQueries({ queryKey });
  }
}

export function useRealtime(): CrisisClient {
  const client = useContext(Context);
  if (!client) throw new Error("useRealtime needs a RealtimeProvider above it");
  return client;
}

export function useConnection(): ConnectionState {
  const client = useRealtime();
  return useSyncExternalStore(client.onState, client.getState, () => IDLE);
}

/** Is in the room for as long as the component shows. */
export function useRoom(room: string | null): void {
  const client = useRealtime();
  useEffect(() => (room === null ? undefined : client.join(room)), [client, room]);
}
