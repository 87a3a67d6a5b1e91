"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/lib/api/keys";
import { discardLetter, type Replay, replayLetter } from "../api/log";

export type Decision = { action: "replay"; how: Replay } | { action: "discard"; reason: string };

/** Decides about one letter; what the page shows of letters is then fetched again, also where it was decided before. */
export function useDecide(offset: number) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (decision: Decision) =>
      decision.action === "replay"
        ? replayLetter(offset, decision.how)
        : discardLetter(offset, decision.reason),
    onSettled: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: keys.letters }),
        cache.invalidateQueries({ queryKey: keys.audit }),
      ]),
  });
}
