"use client";
import { useQuery } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { About } from "@/lib/api/types";
import { en } from "@/messages/en";

/** On every page of an installation that runs an exercise. */
export function ExerciseBanner() {
  const about = useQuery({
    queryKey: keys.about,
    queryFn: ({ signal }) => api<About>("/api/about", { auth: false, signal }),
    staleTime: 5 * 60_000,
  });
  if (!about.data?.exercise) return null;
  return (
    <aside
      aria-label={en.exercise.banner}
      className="flex flex-wrap items-center justify-center gap-x-2 bg-[#5b2fb5] px-4 py-1 text-center text-white text-xs"
    >
      <strong className="font-bold tracking-[0.14em]">{en.exercise.banner}</strong>
      <span>{en.exercise.detail}</span>
    </aside>
  );
}
