"use client";
import { useCallback, useEffect, useState } from "react";
import type { LockUpdate, UserActivity } from "../events.ts";
import type { Item, PresentUser } from "../model.ts";
import type { ClientOptions } from "../options.ts";
import { nameOf } from "../rooms.ts";
import { type ItemLock, useEditLock } from "./use-edit-lock.ts";
import { type Connection, useWebSocket } from "./use-web-socket.ts";

export interface ItemChanges {
  /** What has changed since the component shows. */
  updates: Partial<Item>;
  /** The latest that was told of; 0 before any was. */
  version: number;
}

export interface ItemSocket extends Connection {
  /** Where the others' pointers are, by user id; until they leave, or move it to null. */
  activeCursors: Record<string, unknown>;
  /** Who is there, oneself included. */
  presence: PresentUser[];
  /** Who edits it, and what one can do about that. */
  lock: ItemLock;
  /** What was done to it since the component shows, the latest first. */
  activity: (UserActivity | LockUpdate)[];
  changes: ItemChanges;
  /** Rises whenever something may have been missed, at the first join too: fetch the item over REST. */
  resyncs: number;
  /** Shows one's own pointer to the others. */
  moveCursor: (position: unknown) => void;
}

interface Around {
  activeCursors: Record<string, unknown>;
  presence: PresentUser[];
  activity: (UserActivity | LockUpdate)[];
  changes: ItemChanges;
}

const NOTHING: Around = {
  activeCursors: {},
  presence: [],
  activity: [],
  changes: { updates: {}, version: 0 },
};
/** Most that is kept of what was done. */
const KEPT = 50;

/** One item: its changes and who works on it. */
export function useItemWebSocket(
  itemId: string | null,
  token: string | null,
  options: ClientOptions = {},
): ItemSocket {
  const connection = useWebSocket(token, options);
  const { client } = connection;
  const room = itemId === null ? null : nameOf(`item:${itemId}`);
  const lock = useEditLock(client, room);
  const [around, setAround] = useState(NOTHING);
  const [resyncs, setResyncs] = useState(0);
  useEffect(() => {
    setAround(NOTHING);
    if (room === null) return;
    const note = (done: UserActivity | LockUpdate) => {
      if (done.resource_id === room)
        setAround((before) => ({ ...before, activity: [done, ...before.activity].slice(0, KEPT) }));
    };
    const present = (presence: PresentUser[]) =>
      setAround((before) => ({ ...before, presence, activeCursors: among(before.activeCursors, presence) }));
    const stops = [
      client.on("presence_state", ({ resource_id, users }) => {
        if (resource_id === room) present(users);
      }),
      client.on("presence_update", ({ resource_id, active_users }) => {
        if (resource_id === room) present(active_users);
      }),
      client.on("cursor_update", ({ resource_id, user_id, position }) => {
        if (resource_id !== room || user_id === client.userId) return;
        setAround((before) => {
          const { [user_id]: _, ...others } = before.activeCursors;
          return {
            ...before,
            activeCursors: position === null ? others : { ...others, [user_id]: position },
          };
        });
      }),
      client.on("lock_update", note),
      client.on("user_activity", note),
      client.on("item_update", ({ room: where, updates, version }) => {
        if (where === room)
          setAround((before) => ({ ...before, changes: merged(before.changes, updates, version) }));
      }),
      client.on("resync", ({ room: where }) => {
        if (where === room) setResyncs((count) => count + 1);
      }),
      client.join(room),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [client, room]);
  const moveCursor = useCallback(
    (position: unknown) => {
      if (room !== null) client.moveCursor(room, position);
    },
    [client, room],
  );
  return { ...connection, ...around, lock, resyncs, moveCursor };
}

/** Cursors of people who have left are gone; one that stands still is not. */
function among(cursors: Record<string, unknown>, people: PresentUser[]): Record<string, unknown> {
  const here = new Set(people.map(({ user_id }) => user_id));
  return Object.fromEntries(Object.entries(cursors).filter(([user]) => here.has(user)));
}

function merged(before: ItemChanges, updates: Partial<Item>, version: number): ItemChanges {
  if (version < before.version) return before;
  return { updates: { ...before.updates, ...updates }, version };
}
