"use client";
import { type RefObject, useEffect, useState } from "react";
import { useRealtime } from "@/lib/realtime/provider";
import { usePresent } from "./use-present";

/** Where a colleague points: shares of the area's width and height. */
export interface Cursor {
  id: string;
  name: string;
  x: number;
  y: number;
}

function placeOf(position: unknown): { x: number; y: number } | null {
  const { x, y } = (position ?? {}) as { x?: unknown; y?: unknown };
  const isShare = (value: unknown): value is number => typeof value === "number" && value >= 0 && value <= 1;
  return isShare(x) && isShare(y) ? { x, y } : null;
}

/** The pointers of those who are in `room`, over `area`; one's own is shown to the others. */
export function useCursors(room: string, area: RefObject<HTMLElement | null>): Cursor[] {
  const client = useRealtime();
  const people = usePresent(room);
  const [places, setPlaces] = useState<Record<string, { x: number; y: number } | null>>({});
  useEffect(() => {
    setPlaces({});
    return client.on("cursor_update", ({ resource_id, user_id, position }) => {
      if (resource_id !== room || user_id === client.userId) return;
      setPlaces((before) => ({ ...before, [user_id]: placeOf(position) }));
    });
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
