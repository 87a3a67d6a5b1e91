// Made-up items and events, for tests only.
import type { Incident, Item, RoomEvent } from "@/lib/api/types";
import type { Pages } from "./item-pages";

const base = { room: "global", position: "p", at: "2026-01-01T00:00:00Z" };
export const item = (id: string, more: Partial<Item> = {}): Item => ({
  id,
  source: "usgs",
  source_id: id,
  source_kind: "official",
  text: `text ${id}`,
  timestamp: "2026-01-01T00:00:00Z",
  ingested_at: "2026-01-01T00:00:00Z",
  language: { code: "en", confidence: 1 },
  hazard: { type: "flood", confidence: 1, why: [] },
  entities: [],
  topics: [],
  severity: "low",
  risk_score: 0.2,
  risk_parts: [],
  risk_level: "low",
  claim_ids: [],
  status: "new",
  tags: [],
  revision: 1,
  version: 1,
  ...more,
});
export const pages = (items: Item[]): Pages => ({
  pages: [{ items, total: items.length, next: "c" }],
  pageParams: [null],
});
export const created = (data: Item): RoomEvent => ({ ...base, type: "new_item", data });
export const changed = (id: string, updates: Partial<Item>, version: number): RoomEvent => ({
  ...base,
  type: "item_update",
  item_id: id,
  updates,
  version,
});
/** The update as the `global` room tells it: with the whole item. */
export const whole = (data: Item): RoomEvent => changed(data.id, data, data.version);
export const joined = (incident: string, id: string, version: number): RoomEvent => ({
  ...base,
  type: "incident_update",
  data: { incident: { id: incident } as Incident, joined: [{ id, version }] },
});
/** A time of day, by the second. */
export const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`;
export const idsOf = (data: Pages | undefined) =>
  data?.pages.flatMap((page) => page.items.map((each) => each.id));
