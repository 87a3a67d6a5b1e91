"use client";
import { type RefObject, useEffect, useState } from "react";
import { useRealtime } from "@/lib/realtime/provider";
import { usePresent } from "./use-present";

/** Shares of the area's width and height. */
interface Place {
  x: number;
  y: number;
}

/** Where a colleague points. */
export interface Cursor extends Place {
  id: string;
  name: string;
}

function placeOf(position: unknown): Place | null {
  const { x, y } = (position ?? {}) as { x?: unknown; y?: unknown };
  const isShare = (value: unknown): value is number => typeof value === "number" && value >= 0 && value <= 1;
  return isShare(x) && isShare(y) ? { x, y } : null;
}

/** The pointers of those who are in `room`, over `area`; one's own is shown to the others. */
export function useCursors(room: string, area: RefObject<HTMLElement | null>): Cursor[] {
  const client = useRealtime();
  const people = usePresent(room);
  const [places, setPlaces] = useState<Record<string, Place | null>>({});
  useEffect(() => {
    setPlaces({});
    const put = (user: string, place: Place | null) => setPlaces((before) => ({ ...before, [user]: place }));
    const stops = [
      client.on("cursor_update", ({ resource_id, user_id, position }) => {
        if (resource_id === room && user_id !== client.userId) put(user_id, placeOf(position));
      }),
      client.on("presence_update", ({ resource_id, user_id, action }) => {
        if (resource_id === room && action === "left") put(user_id, null);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [client, room]);
  useEffect(() => {
    const box = area.current;
    if (!box) return;
    const move = ({ clientX, clientY }: PointerEvent) => {
      const { left, top, width, height } = box.getBoundingClientRect();
      if (width > 0 && height > 0)
        client.moveCursor(room, { x: share(clientX - left, width), y: share(clientY - top, height) });
    };
    const leave = () => client.moveCursor(room, null);
    box.addEventListener("pointermove", move);
    box.addEventListener("pointerleave", leave);
    return () => {
      box.removeEventListener("pointermove", move);
      box.removeEventListener("pointerleave", leave);
    };
  }, [client, room, area]);
  return people.flatMap(({ user_id: id, name }) => {
    const place = places[id];
    return place ? [{ id, name, ...place }] : [];
  });
}

function share(part: number, whole: number): number {
  return Math.round(Math.min(1, Math.max(0, part / whole)) * 10_000) / 10_000;
}
