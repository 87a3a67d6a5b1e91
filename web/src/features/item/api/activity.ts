import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { Activity, Page } from "@/lib/api/types";
import { isActivity, withAhead, withTold } from "@/lib/realtime/activity";
import { caughtUp } from "@/lib/realtime/journal";

/** Says something about `room`'s resource, which tells those whom it names; with the same `key` it is said once. */
export const comment = (room: string, said: { text: string; mentions: string[] }, key: string) =>
  api<Activity>(`/api/collaboration/activity/${room}`, {
    method: "POST",
    body: said,
    headers: { "idempotency-key": key },
  });

/** What was done to `room`'s resource, newest first; live events are put on top. */
export const activityQuery = (cache: QueryClient, room: string) =>
  queryOptions({
    queryKey: keys.activity(room),
    queryFn: ({ signal }) =>
      caughtUp(
        async () => {
          const page = await api<Page<Activity>>(`/api/collaboration/activity/${room}`, { signal });
          return withAhead(page, cache.getQueryData(keys.activity(room)));
        },
        (page, events) => {
          const told = events.filter(isActivity).filter(({ resource_id }) => resource_id === room);
          return withTold(page, told);
        },
      ),
  });
