"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/lib/api/keys";
import type { Alert, Page } from "@/lib/api/types";
import { upsert } from "@/lib/realtime/upsert";

/** Makes the next revision of an alert; the list has it at once, and what else is shown of the alert is fetched again, also where somebody else was first. */
export function useAlertAction<Input>(id: string, act: (input: Input) => Promise<Alert>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: (alert) => {
      cache.setQueryData<Page<Alert>>(keys.alerts, (page) =>
        page ? upsert<Alert, Page<Alert>>(page, alert, (old) => alert.revision > old.revision) : page,
      );
    },
    onError: () => cache.invalidateQueries({ queryKey: keys.alerts }),
    onSettled: () => cache.invalidateQueries({ queryKey: keys.alert(id) }),
  });
}
