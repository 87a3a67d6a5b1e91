import { QueryClient } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { keys } from "@/lib/api/keys";
import type { Activity, LockUpdate, Page, UserActivity } from "@/lib/api/types";
import { patchActivity, withAhead } from "./activity";
import { at } from "./fixtures";

const ROOM = "item:a";
const base = { room: ROOM, resource_id: ROOM };
const edited = (second: number, user_id = "u", name = "Una"): UserActivity => ({
  ...base,
  type: "user_activity",
  position: `p${second}`,
  at: at(second),
  user_id,
  name,
  action: "edited",
  data: {},
});
const kept = (second: number): Activity => ({
  id: `k${second}`,
  kind: "edited",
  user: "u",
  name: "Una",
  resource: ROOM,
  data: {},
  at: at(second),
});

it("the story goes on live: newest first, each thing once, with the names that it tells", () => {
  const cache = new QueryClient();
  const story = () => cache.getQueryData<Page<Activity>>(keys.activity(ROOM));
  patchActivity(cache, edited(9));
  expect(story()).toBeUndefined();
  cache.setQueryData(keys.activity(ROOM), { items: [kept(1)], total: 1, next: null });
  patchActivity(cache, { ...edited(1), at: "2026-01-01T00:00:01.000Z" });
  expect(story()?.items).toHaveLength(1);
  patchActivity(cache, edited(2));
  const { data: _, ...by } = edited(3, "v", "Vic");
  const freed: LockUpdate = { ...by, type: "lock_update", action: "released", lock_status: null };
  patchActivity(cache, freed);
  patchActivity(cache, edited(4, "x", "Xenia"));
  expect(story()?.items.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
    "Xenia edited",
    "Vic unlocked",
    "Una edited",
    "Una edited",
  ]);
  expect(story()?.total).toBe(4);
  // The server is a little behind: what was told stays, what it has tells the name.
  const fetched = {
    items: [{ ...kept(3), kind: "unlocked" as const, user: "v", name: "Vic" }, kept(2)],
    total: 2,
    next: null,
  };
  expect(withAhead(fetched, story()).items.map(({ at }) => at)).toEqual([at(4), at(3), at(2)]);
  expect(withAhead(fetched, undefined)).toBe(fetched);
});
