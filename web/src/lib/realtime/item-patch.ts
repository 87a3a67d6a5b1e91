// One live event applied to one item. Pure: the same object when the event does not concern it.
import type { Item, RoomEvent } from "@/lib/api/types";

/** An item with an update on it, unless it is at that version already. */
function updated(item: Item, updates: Partial<Item>, version: number): Item {
  if (version <= item.version) return item;
  const raw_data = updates.raw_data ?? item.raw_data;
  // A whole item stands for itself: what it does not name any more (its place, say) is gone.
  const next: Item = isWhole(updates) ? { ...updates, version } : { ...item, ...updates, version };
  return raw_data === undefined ? next : { ...next, raw_data };
}

/** Whether an update brings every field, as those of the `global` room do. */
function isWhole(updates: Partial<Item>): updates is Item {
  return updates.id !== undefined && updates.timestamp !== undefined && updates.hazard !== undefined;
}

/** The item as `event` leaves it. */
export function patchItem(item: Item, event: RoomEvent): Item {
  switch (event.type) {
    case "new_item":
      return event.data.id === item.id ? updated(item, event.data, event.data.version) : item;
    case "item_update":
      return event.item_id === item.id ? updated(item, event.updates, event.version) : item;
    case "incident_update": {
      const joined = event.data.joined.find((found) => found.id === item.id);
      return joined ? updated(item, { incident_id: event.data.incident.id }, joined.version) : item;
    }
    default:
      return item;
  }
}

/** The item that the events themselves bring, where one of them brings it whole. */
export function broughtBy(events: RoomEvent[]): Item | undefined {
  for (const event of events) {
    if (event.type === "new_item") return event.data;
    if (event.type === "item_update" && isWhole(event.updates))
      return { ...event.updates, version: event.version };
  }
  return undefined;
}

function touched(event: RoomEvent): string[] {
  if (event.type === "new_item") return [event.data.id];
  if (event.type === "item_update") return [event.item_id];
  if (event.type === "incident_update") return event.data.joined.map((joined) => joined.id);
  return [];
}

/** The events of each item that they touch, in order. */
export function eventsById(events: RoomEvent[]): Map<string, RoomEvent[]> {
  const byId = new Map<string, RoomEvent[]>();
  for (const event of events)
    for (const id of touched(event)) {
      const own = byId.get(id);
      if (own) own.push(event);
      else byId.set(id, [event]);
    }
  return byId;
}
