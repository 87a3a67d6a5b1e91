// What a batch of events changes for counts: items from what they were to what they are.
import type { Item, RoomEvent } from "@/lib/api/types";
import { broughtBy, eventsById, patchItem } from "./item-patch";

export interface Change {
  /** Absent for a new item. */
  old?: Item;
  next: Item;
}

/** What cannot be told from the events, and is to be asked of the server. */
export interface Unsure {
  /** Some item changed of which it is not known what it was. */
  counts: boolean;
  /** These incidents were joined by items that are not known. */
  incidents: Set<string>;
}

export interface Changes {
  changes: Change[];
  /** How many new items came. */
  arrived: number;
  unsure: Unsure;
}

/** Each item once, though it may come through several rooms: `global` has them all. */
export function changesOf(events: RoomEvent[], known: ReadonlyMap<string, Item>): Changes {
  const unsure: Unsure = { counts: false, incidents: new Set() };
  const result: Changes = { changes: [], arrived: 0, unsure };
  for (const [id, own] of eventsById(events.filter((event) => event.room === "global"))) {
    const old = known.get(id);
    const isNew = own.some((event) => event.type === "new_item");
    if (isNew) result.arrived += 1;
    const base = old ?? broughtBy(own);
    const next = base && own.reduce(patchItem, base);
    if (next && (old ? !isNew && next !== old : isNew)) result.changes.push({ old, next });
    else if (next || own.some((event) => event.type === "item_update")) unsure.counts = true;
    else
      for (const event of own)
        if (event.type === "incident_update") unsure.incidents.add(event.data.incident.id);
  }
  return result;
}
