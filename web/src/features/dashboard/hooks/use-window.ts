"use client";
import { type RefObject, useEffect, useState } from "react";

const OVERSCAN = 8;

export interface RowWindow {
  first: number;
  /** One past the last. */
  end: number;
  /** Whether the first row is out of sight. */
  away: boolean;
}

/**
 * Which rows of equal height need to be drawn. Works whether the list scrolls in its own box (wide screens) or with
 * the page (phones): it only looks at where the list stands on the screen.
 */
export function useWindow(list: RefObject<HTMLElement | null>, count: number, rowHeight: number): RowWindow {
  const [range, setRange] = useState({ first: 0, end: 30, away: false });
  useEffect(() => {
    let frame = 0;
    const measure = () => {
      frame = 0;
      const element = list.current;
      if (!element) return;
      const box = element.parentElement?.getBoundingClientRect();
      const viewTop = Math.max(0, box && scrolls(element.parentElement) ? box.top : 0);
      const viewBottom = Math.min(window.innerHeight, box?.bottom ?? window.innerHeight);
      const above = viewTop - element.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor(above / rowHeight) - OVERSCAN);
      const rows = Math.ceil(Math.max(0, viewBottom - viewTop) / rowHeight) + 2 * OVERSCAN;
      const next = { first, end: first + rows, away: above > rowHeight };
      setRange((was) =>
        was.first === next.first && was.end === next.end && was.away === next.away ? was : next,
      );
    };
    const soon = () => {
      frame ||= requestAnimationFrame(measure);
    };
    measure();
    document.addEventListener("scroll", soon, { capture: true, passive: true });
    window.addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      document.removeEventListener("scroll", soon, { capture: true });
      window.removeEventListener("resize", soon);
    };
  }, [list, rowHeight]);
  const first = Math.min(range.first, Math.max(0, count - 1));
  return { first, end: Math.min(count, range.end), away: range.away };
}

function scrolls(element: HTMLElement | null): boolean {
  return element !== null && /auto|scroll/.test(getComputedStyle(element).overflowY);
}
