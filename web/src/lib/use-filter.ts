"use client";
import { usePathname, useRouter, useSearchParams } from "next/navigation";
import { useCallback, useEffect, useMemo, useState } from "react";
import { filterOf, filterQuery, type ItemFilter } from "./api/filter";

export const DASHBOARD = "/dashboard";

export function dashboardLink(filter: ItemFilter = {}): string {
  return `${DASHBOARD}${filterQuery(filter)}`;
}

let lastDashboard = DASHBOARD;

/** The dashboard as it was last looked at in this tab. */
export function backLink(): string {
  return lastDashboard;
}

/** The filter in the address bar, and a way to change it: a filtered dashboard is a link that can be sent on. */
export function useFilter(): [ItemFilter, (next: ItemFilter) => void] {
  const text = useSearchParams().toString();
  const stated = useMemo(() => filterOf(new URLSearchParams(text)), [text]);
  // The router takes a moment to tell of a new address; a choice must show at once.
  const [chosen, setChosen] = useState<{ from: string; filter: ItemFilter } | null>(null);
  if (chosen && chosen.from !== text) setChosen(null);
  const filter = chosen?.from === text ? chosen.filter : stated;
  const here = usePathname() === DASHBOARD;
  const router = useRouter();
  useEffect(() => {
    if (here) lastDashboard = dashboardLink(filter);
  }, [here, filter]);
  const set = useCallback(
    (next: ItemFilter) => {
      if (!here) {
        router.push(dashboardLink(next));
        return;
      }
      setChosen({ from: text, filter: next });
      window.history.replaceState(null, "", dashboardLink(next));
    },
    [here, router, text],
  );
  return [filter, set];
}
