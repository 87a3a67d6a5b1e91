"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { keys } from "@/lib/api/keys";
import { type BulkRequest, type Progress, runBulk } from "../api/bulk";

/** A bulk run that shows how far it is and stops when told to, or when nobody looks at it any more. */
export function useBulk() {
  const cache = useQueryClient();
  const stop = useRef<AbortController | null>(null);
  const [progress, setProgress] = useState<Progress | null>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const run = useMutation({
    mutationFn: (request: BulkRequest) => {
      stop.current = new AbortController();
      return runBulk(request, setProgress, stop.current.signal);
    },
    onSettled: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: keys.letters }),
        cache.invalidateQueries({ queryKey: keys.audit }),
      ]),
  });
  return { run, progress, stop: () => stop.current?.abort() };
}
