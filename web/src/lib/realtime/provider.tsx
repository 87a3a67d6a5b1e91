"use client";
// The app's one connection, joined to React and to the query cache.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from "react";
import { freshSession, RENEW_BEFORE_MS } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import { onSession, readSession } from "@/lib/api/session";
import type { PresentUser, RoomEvent, ServerFrame } from "@/lib/api/types";
import { socketAddress } from "./address";
import { batcher } from "./batcher";
import { keepListsCaughtUp } from "./catch-up";
import { type ConnectionState, RealtimeClient } from "./client";
import { journal } from "./journal";
import { patchCache } from "./patch";
import { refresher } from "./refresher";

const Context = createContext<RealtimeClient | null>(null);
const IDLE: ConnectionState = { phase: "idle" };
/** However short a token lives, it is not renewed more often than this. */
const RENEW_EVERY_MS = 5_000;
/** Longest time-out that browsers keep to. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function RealtimeProvider({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const [client] = useState(() => new RealtimeClient({ address: socketAddress }));
  useEffect(() => {
    const doubts = refresher(cache);
    const stopCatchingUp = keepListsCaughtUp(cache);
    const patch = batcher<RoomEvent>((events) => doubts.note(patchCache(cache, events, Date.now())));
    const stopSignals = client.onSignal((signal) => {
      if (signal.kind === "event") {
        journal.add(signal.event);
        patch(signal.event);
      } else if (signal.kind === "resync") refetch(cache, signal.room);
      else notePresence(cache, signal.frame);
    });
    const leave = client.join("global");
    const online = () => client.retryNow();
    window.addEventListener("online", online);
    client.start();
    return () => {
      window.removeEventListener("online", online);
      leave();
      stopSignals();
      stopCatchingUp();
      doubts.stop();
      client.stop();
    };
  }, [cache, client]);
  useRenewal(client);
  return <Context value={client}>{children}</Context>;
}

/** Renews the token in time and tells the connection of the new one. */
function useRenewal(client: RealtimeClient): void {
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
  if (kind === "item" && id) void cache.invalidateQueries({ queryKey: keys.item(id) });
  else if (kind === "user") void cache.invalidateQueries({ queryKey: keys.notifications });
  else
    for (const queryKey of [keys.items, keys.incidents, keys.alerts])
      void cache.invalidateQueries({ queryKey });
}

function notePresence(cache: QueryClient, frame: Exclude<ServerFrame, RoomEvent>): void {
  const note = (room: string, users: PresentUser[]) => cache.setQueryData(keys.presence(room), users);
  if (frame.type === "presence_state") note(frame.resource_id, frame.users);
  if (frame.type === "presence_update") note(frame.resource_id, frame.active_users);
}

export function useRealtime(): RealtimeClient {
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
