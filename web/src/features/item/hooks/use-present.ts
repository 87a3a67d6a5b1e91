"use client";
import { useQuery } from "@tanstack/react-query";
import { keys } from "@/lib/api/keys";
import type { PresentUser } from "@/lib/api/types";

/** Who is in a room; the live connection writes it into the cache. */
export function usePresent(room: string): PresentUser[] {
  return useQuery<PresentUser[]>({
    queryKey: keys.presence(room),
    queryFn: () => [],
    enabled: false,
    initialData: [],
  }).data;
}
