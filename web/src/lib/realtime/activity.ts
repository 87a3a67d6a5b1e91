// What people did to a resource, followed live. A frame says who by id only; the name is looked for in what is known.
import type { QueryClient } from "@tanstack/react-query";
import { keys } from "@/lib/api/keys";
import type { Activity, LockUpdate, Page, PresentUser, RoomEvent, User, UserActivity } from "@/lib/api/types";

type Told = LockUpdate | UserActivity;
type Named = (userId: string) => string;

export function isActivity(event: RoomEvent): event is Told {
  return event.type === "lock_update" || event.type === "user_activity";
}

/** The same thing done has one of these, told live or fetched. */
function keyOf({ user, kind, at }: Pick<Activity, "user" | "kind" | "at">): string {
  return `${user} ${kind} ${Date.parse(at)}`;
}

function activityOf(event: Told, named: Named): Activity {
  const { resource_id: resource, user_id: user, at } = event;
  const [kind, data] =
    event.type === "user_activity"
      ? ([event.action, event.data] as const)
      : ([
          event.lock_status ? "locked" : "unlocked",
          { action: event.action, lock_status: event.lock_status },
        ] as const);
  return { id: `${event.room} ${event.position}`, kind, user, name: named(user), resource, data, at };
}

/** The story with what was told on top, each thing once. */
export function withTold(page: Page<Activity>, events: Told[], named: Named): Page<Activity> {
  const known = new Set(page.items.map(keyOf));
  const fresh = events.map((event) => activityOf(event, named)).filter((each) => !known.has(keyOf(each)));
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

/** Who a user id is, from who is there, who holds or wants the lock, and what was done before; "" where nobody knows. */
export function namesKnown(cache: QueryClient, room: string, events: Told[]): Named {
  const names = new Map<string, string>();
  const me = cache.getQueryData<User>(keys.me);
  if (me) names.set(me.id, me.name);
  for (const { user, name } of cache.getQueryData<Page<Activity>>(keys.activity(room))?.items ?? [])
    if (name) names.set(user, name);
  for (const { user_id, name } of cache.getQueryData<PresentUser[]>(keys.presence(room)) ?? [])
    names.set(user_id, name);
  for (const event of events) {
    const lock = event.type === "lock_update" ? event.lock_status : null;
    for (const person of [lock?.holder, lock?.request]) if (person) names.set(person.user_id, person.name);
  }
  return (userId) => names.get(userId) ?? "";
}

export function patchActivity(cache: QueryClient, event: Told): void {
  const room = event.resource_id;
  const named = namesKnown(cache, room, [event]);
  cache.setQueryData<Page<Activity>>(keys.activity(room), (page) => page && withTold(page, [event], named));
}
