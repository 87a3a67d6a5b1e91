// A batch of live events applied to every answer in the query cache that it concerns.
import type { QueryClient } from "@tanstack/react-query";
import type { ItemFilter } from "@/lib/api/filter";
import { keys } from "@/lib/api/keys";
import type {
  Alert,
  Facets,
  Grid,
  Incident,
  Item,
  Notification,
  NotificationPage,
  Page,
  RoomEvent,
} from "@/lib/api/types";
import { patchActivity } from "./activity";
import { type Changes, changesOf, type Unsure } from "./changes";
import { countChange, patchFacets, patchGrid } from "./counts";
import { patchItemPages } from "./item-lists";
import type { Pages } from "./item-pages";
import { eventsById, patchItem } from "./item-patch";
import { knownItems } from "./known-items";
import { removed, upsert } from "./upsert";

const MINUTE_MS = 60_000;

/** Applies the events; what they leave unsure is for the caller to fetch again. */
export function patchCache(client: QueryClient, events: RoomEvent[], now: number): Unsure {
  const { arrived, unsure } = patchItems(client, events);
  if (arrived > 0) noteArrivals(client, arrived, now);
  for (const event of events) {
    if (event.type === "incident_update") patchIncident(client, event.data.incident);
    if (event.type === "alert") patchAlert(client, event.data);
    if (event.type === "notification") patchNotification(client, event.data);
    // The banner says at once that an exercise goes on, or no more.
    if (event.type === "exercise_update") void client.invalidateQueries({ queryKey: keys.about });
    if (event.type === "user_activity" || event.type === "lock_update") patchActivity(client, event);
  }
  for (const id of acknowledgedIn(events)) void client.invalidateQueries({ queryKey: keys.alert(id) });
  return unsure;
}

function patchItems(client: QueryClient, events: RoomEvent[]): Changes {
  const known = knownItems(client, new Set(eventsById(events).keys()));
  const result = changesOf(events, known);
  const { changes, unsure } = result;
  const each = <T>(kind: string, patch: (data: T, filter: ItemFilter) => T) => {
    for (const [key, data] of client.getQueriesData<T>({ queryKey: ["items", kind] })) {
      if (data === undefined) continue;
      const next = patch(data, key[2] as ItemFilter);
      if (next !== data) client.setQueryData<T>(key, next);
    }
  };
  const lost = () => {
    unsure.counts = true;
  };
  each<Pages>("list", (data, filter) => patchItemPages(data, filter, events, known));
  each<Item>("detail", (item) => events.reduce(patchItem, item));
  if (changes.length === 0) return result;
  each<Facets>("facets", (data, filter) => patchFacets(data, filter, changes));
  each<Grid>("grid", (data, filter) => patchGrid(data, filter, changes, lost));
  each<number>("count", (total, filter) => Math.max(0, total + countChange(filter, changes)));
  return result;
}

function noteArrivals(client: QueryClient, count: number, now: number): void {
  client.setQueryData<number[]>(keys.arrivals, (times = []) => [
    ...times.filter((time) => now - time < MINUTE_MS),
    ...Array<number>(count).fill(now),
  ]);
}

function patchIncident(client: QueryClient, incident: Incident): void {
  const newer = (old: Incident) => incident.version > old.version;
  for (const [key, page] of client.getQueriesData<Page<Incident>>({ queryKey: ["incidents", "list"] })) {
    if (!page) continue;
    const wanted = key[2] === "" || key[2] === incident.status;
    const next = wanted
      ? upsert<Incident, Page<Incident>>(page, incident, newer)
      : removed(page, incident.id);
    if (next === page) continue;
    const items = [...next.items].sort((a, b) => Date.parse(b.last_seen) - Date.parse(a.last_seen));
    client.setQueryData(key, { ...next, items });
  }
  client.setQueryData<Incident>(keys.incident(incident.id), (old) => (old && newer(old) ? incident : old));
}

function patchAlert(client: QueryClient, alert: Alert): void {
  client.setQueryData<Page<Alert>>(keys.alerts, (page) =>
    page ? upsert<Alert, Page<Alert>>(page, alert, (old) => alert.revision > old.revision) : page,
  );
}

/** Alerts that somebody has said they see to, each once though it may come through several rooms. */
function acknowledgedIn(events: RoomEvent[]): Set<string> {
  const ids = events.flatMap((event) =>
    event.type === "user_activity" && event.action === "acknowledged"
      ? [(event.data as { alert_id: string }).alert_id]
      : [],
  );
  return new Set(ids);
}

function patchNotification(client: QueryClient, notification: Notification): void {
  const lists = client.getQueriesData<NotificationPage>({ queryKey: ["notifications", "list"] });
  for (const [key, page] of lists) {
    if (!page) continue;
    const next = upsert<Notification, NotificationPage>(page, notification, () => false);
    if (next !== page)
      client.setQueryData(key, { ...next, unread: page.unread + (notification.read_at ? 0 : 1) });
  }
}
