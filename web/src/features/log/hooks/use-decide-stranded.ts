"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/lib/api/keys";
import { dropStranded, sendStranded } from "../api/log";

export type StrandedDecision = { action: "send" } | { action: "drop"; reason: string };

/** Decides about one stranded record; what the page shows of them is then fetched again, also where somebody else was first. */
export function useDecideStranded(seq: number) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (decision: StrandedDecision) =>
      decision.action === "send" ? sendStranded(seq) : dropStranded(seq, decision.reason),
    onSettled: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: keys.stranded }),
        cache.invalidateQueries({ queryKey: keys.log }),
        cache.invalidateQueries({ queryKey: keys.audit }),
      ]),
  });
}
