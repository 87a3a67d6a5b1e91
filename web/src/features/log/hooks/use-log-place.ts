"use client";
import { usePathname, useRouter, useSearchParams } from "next/navigation";
import { useCallback, useMemo } from "react";

export const VIEWS = ["topics", "groups", "letters", "health"] as const;
export type View = (typeof VIEWS)[number];

/** Where on the log page one is; a link that can be sent on. */
export interface LogPlace {
  view: View;
  topic: string | null;
  letter: number | null;
}

export function placeOf(search: URLSearchParams): LogPlace {
  const view = VIEWS.find((each) => each === search.get("view")) ?? "topics";
  const letter = search.get("letter");
  return {
    view,
    topic: view === "topics" ? search.get("topic") : null,
    letter: view === "letters" && letter !== null && /^\d{1,15}$/.test(letter) ? Number(letter) : null,
  };
}

export function placeQuery({ view, topic, letter }: Partial<LogPlace>): string {
  const search = new URLSearchParams();
  if (view && view !== "topics") search.set("view", view);
  if (topic) search.set("topic", topic);
  if (letter !== null && letter !== undefined) search.set("letter", String(letter));
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

export function useLogPlace(): [LogPlace, (place: Partial<LogPlace>) => void] {
  const search = useSearchParams().toString();
  const path = usePathname();
  const router = useRouter();
  const place = useMemo(() => placeOf(new URLSearchParams(search)), [search]);
  const go = useCallback(
    (next: Partial<LogPlace>) => router.push(`${path}${placeQuery(next)}`, { scroll: false }),
    [router, path],
  );
  return [place, go];
}
