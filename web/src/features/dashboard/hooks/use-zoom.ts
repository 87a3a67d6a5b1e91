"use client";
import { type PointerEvent, useCallback, useRef, useState } from "react";

const MAX_ZOOM = 8;

export interface Zoom {
  k: number;
  x: number;
  y: number;
}

const WHOLE: Zoom = { k: 1, x: 0, y: 0 };

/** Zoom by buttons or double click, pan by dragging; never beyond the map's edge. */
export function useZoom(width: number, height: number) {
  const [zoom, setZoom] = useState<Zoom>(WHOLE);
  const drag = useRef<{ id: number; x: number; y: number; from: Zoom } | null>(null);
  const within = useCallback(
    ({ k, x, y }: Zoom): Zoom => ({
      k,
      x: Math.min(0, Math.max(width * (1 - k), x)),
      y: Math.min(0, Math.max(height * (1 - k), y)),
    }),
    [width, height],
  );
  /** Zooms so that the point of the screen stays where it is. */
  const by = useCallback(
    (factor: number, px = width / 2, py = height / 2) =>
      setZoom((was) => {
        const k = Math.min(MAX_ZOOM, Math.max(1, was.k * factor));
        return within({ k, x: px - ((px - was.x) * k) / was.k, y: py - ((py - was.y) * k) / was.k });
      }),
    [within, width, height],
  );
  const handlers = {
    onPointerDown: (event: PointerEvent<Element>) => {
      if (zoom.k === 1) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      drag.current = { id: event.pointerId, x: event.clientX, y: event.clientY, from: zoom };
    },
    onPointerMove: (event: PointerEvent<Element>) => {
      const from = drag.current;
      if (!from || from.id !== event.pointerId) return;
      setZoom(
        within({
          k: from.from.k,
          x: from.from.x + event.clientX - from.x,
          y: from.from.y + event.clientY - from.y,
        }),
      );
    },
    onPointerUp: () => {
      drag.current = null;
    },
  };
  return { zoom: within(zoom), by, reset: () => setZoom(WHOLE), handlers };
}
