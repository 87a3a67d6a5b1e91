// What people did to a resource, followed live: each event is put into the story as the server will tell it.
import type { QueryClient } from "@tanstack/react-query";
import { keys } from "@/lib/api/keys";
import type { Activity, LockUpdate, Page, RoomEvent, UserActivity } from "@/lib/api/types";

type Told = LockUpdate | UserActivity;

export function isActivity(event: RoomEvent): event is Told {
  return event.type === "lock_update" || event.type === "user_activity";
}

/** The same thing done has one of these, told live or fetched. */
function keyOf({ user, kind, at }: Pick<Activity, "user" | "kind" | "at">): string {
  return `${user} ${kind} ${Date.parse(at)}`;
}

function activityOf(event: Told): Activity {
  const { resource_id: resource, user_id: user, name, at } = event;
  const [kind, data] =
    event.type === "user_activity"
      ? ([event.action, event.data] as const)
      : ([
          event.lock_status ? "locked" : "unlocked",
          { action: event.action, lock_status: event.lock_status },
        ] as const);
  return { id: `${event.room} ${event.position}`, kind, user, name, resource, data, at };
}

/** The story with what was told on top, each thing once. */
export function withTold(page: Page<Activity>, events: Told[]): Page<Activity> {
  const known = new Set(page.items.map(keyOf));
  const fresh = events.map(activityOf).filter((each) => !known.has(keyOf(each)));
  if (fresh.length === 0) return page;
  const items = [...fresh.reverse(), ...page.items].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return { ...page, items, total: page.total + fresh.length };
}

/** The story as fetched, and what was told live that the server has not put into it yet. */
export function withAhead(page: Page<Activity>, before: Page<Activity> | undefined): Page<Activity> {
  const [newest] = page.items;
  const known = new Set(page.items.map(keyOf));
  const ahead = (before?.items ?? []).filter(
    (each) =>
      each.id.startsWith(each.resource) &&
      !known.has(keyOf(each)) &&
      (!newest || Date.parse(each.at) > Date.parse(newest.at)),
  );
  return ahead.length === 0
    ? page
    : { ...page, items: [...ahead, ...page.items], total: page.total + ahead.length };
}

export function patchActivity(cache: QueryClient, event: Told): void {
  cache.setQueryData<Page<Activity>>(
    keys.activity(event.resource_id),
    (page) => page && withTold(page, [event]),
  );
}
