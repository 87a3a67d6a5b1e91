"use client";
import { useCallback, useEffect, useState } from "react";
import { batcher } from "../batcher.ts";
import type { ItemUpdateEvent, RoomEvent } from "../frames.ts";
import type { Alert, Incident, Item, ItemFilter } from "../model.ts";
import type { ClientOptions } from "../options.ts";
import { type Connection, useWebSocket } from "./use-web-socket.ts";

export interface GlobalOptions extends ClientOptions {
  /** Which events are wanted; all without it. */
  filter?: ItemFilter;
  /** How many of each kind are kept, the latest first. Default 100. */
  kept?: number;
}

interface Happenings {
  newItems: Item[];
  updates: ItemUpdateEvent[];
  alerts: Alert[];
  incidents: Incident[];
}

export interface GlobalSocket extends Connection, Happenings {
  /** Rises whenever something may have been missed, at the first join too: fetch over REST what is shown. */
  resyncs: number;
  /** Forgets what has come. */
  clear: () => void;
}

const NOTHING: Happenings = { newItems: [], updates: [], alerts: [], incidents: [] };

/** What happens everywhere, since the component shows: the latest first, alerts and incidents once each. */
export function useGlobalWebSocket(token: string | null, options: GlobalOptions = {}): GlobalSocket {
  const { filter, kept = 100, ...others } = options;
  const connection = useWebSocket(token, others);
  const { client } = connection;
  const [happenings, setHappenings] = useState(NOTHING);
  const [resyncs, setResyncs] = useState(0);
  const conditions = JSON.stringify(filter ?? null);
  useEffect(() => {
    let isOver = false;
    const add = batcher<RoomEvent>((events) => {
      if (!isOver) setHappenings((before) => events.reduce((all, event) => added(all, event, kept), before));
    });
    const stops = [
      client.on("event", (event) => {
        if (event.room === "global") add(event);
      }),
      client.on("resync", () => setResyncs((count) => count + 1)),
    ];
    return () => {
      isOver = true;
      for (const stop of stops) stop();
    };
  }, [client, kept]);
  useEffect(
    () => client.join("global", { filter: (JSON.parse(conditions) as ItemFilter | null) ?? undefined }),
    [client, conditions],
  );
  const clear = useCallback(() => setHappenings(NOTHING), []);
  return { ...connection, ...happenings, resyncs, clear };
}

function added(all: Happenings, event: RoomEvent, kept: number): Happenings {
  const front = <T>(list: T[], thing: T) => [thing, ...list].slice(0, kept);
  const once = <T extends { id: string }>(list: T[], thing: T) =>
    front(
      list.filter(({ id }) => id !== thing.id),
      thing,
    );
  switch (event.type) {
    case "new_item":
      return { ...all, newItems: once(all.newItems, event.data) };
    case "item_update":
      return { ...all, updates: front(all.updates, event) };
    case "alert":
      return { ...all, alerts: once(all.alerts, event.data) };
    case "incident_update":
      return { ...all, incidents: once(all.incidents, event.data.incident) };
    default:
      return all;
  }
}
