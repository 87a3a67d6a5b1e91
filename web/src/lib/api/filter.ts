// What of the items is wanted: one meaning for the address bar, the API's query and the matching of live events.
import { queryString } from "./query-string";
import {
  HAZARDS,
  type HazardType,
  ITEM_STATUSES,
  type Item,
  type ItemStatus,
  SEVERITIES,
  type Severity,
} from "./types";

/** West, south, east, north in degrees; west may exceed east across the antimeridian. */
export type BoundingBox = readonly [number, number, number, number];

/** Conditions that must all hold; absent means any. */
export interface ItemFilter {
  q?: string;
  source?: string[];
  severity?: Severity[];
  hazard?: HazardType[];
  country?: string[];
  status?: ItemStatus[];
  bbox?: BoundingBox;
  incident?: string;
  min_risk?: number;
  since?: string;
}

export type ListField = "source" | "severity" | "hazard" | "country" | "status";
const LIST_FIELDS: readonly ListField[] = ["source", "severity", "hazard", "country", "status"];
const KNOWN: Partial<Record<ListField, readonly string[]>> = {
  severity: SEVERITIES,
  hazard: HAZARDS,
  status: ITEM_STATUSES,
};

export function filterOf(search: URLSearchParams): ItemFilter {
  const filter: Record<string, unknown> = {};
  for (const field of LIST_FIELDS) {
    const known = KNOWN[field];
    const words = (search.get(field) ?? "")
      .split(",")
      .filter((word) => word && (!known || known.includes(word)));
    if (words.length > 0) filter[field] = [...new Set(words)].sort();
  }
  const q = search.get("q")?.trim();
  if (q) filter.q = q;
  const incident = search.get("incident");
  if (incident) filter.incident = incident;
  const minRisk = Number(search.get("min_risk") ?? Number.NaN);
  if (minRisk > 0 && minRisk <= 1) filter.min_risk = minRisk;
  const box = (search.get("bbox") ?? "").split(",").map(Number);
  if (box.length === 4 && box.every(Number.isFinite)) filter.bbox = box;
  return filter as ItemFilter;
}

/** As the address bar and the API want it. */
export function filterQuery(
  filter: ItemFilter,
  more: Record<string, string | number | undefined> = {},
): string {
  return queryString({ ...filter, bbox: filter.bbox?.join(","), ...more });
}

/** Without one condition: what a facet counts, so that its other values can still be chosen. */
export function without(filter: ItemFilter, field: keyof ItemFilter): ItemFilter {
  const { [field]: _, ...rest } = filter;
  return rest;
}

export function isEmpty(filter: ItemFilter): boolean {
  return Object.keys(filter).length === 0;
}

/** Whether the item is wanted, or `null` where only the server can tell (`q` is searched there). */
export function matches(filter: ItemFilter, item: Item): boolean | null {
  const place = item.location;
  const holds =
    any(filter.source, item.source) &&
    any(filter.severity, item.severity) &&
    any(filter.hazard, item.hazard.type) &&
    any(filter.status, item.status) &&
    any(filter.country, place?.country) &&
    (filter.incident === undefined || filter.incident === item.incident_id) &&
    (filter.min_risk === undefined || item.risk_score >= filter.min_risk) &&
    (filter.since === undefined || Date.parse(item.timestamp) >= Date.parse(filter.since)) &&
    (filter.bbox === undefined || (place !== undefined && inBox(filter.bbox, place.lat, place.lon)));
  return holds && filter.q !== undefined ? null : holds;
}

function any<T>(wanted: readonly T[] | undefined, found: T | undefined): boolean {
  return wanted === undefined || (found !== undefined && wanted.includes(found));
}

export function inBox([west, south, east, north]: BoundingBox, lat: number, lon: number): boolean {
  const withinLon = west <= east ? lon >= west && lon <= east : lon >= west || lon <= east;
  return withinLon && lat >= south && lat <= north;
}
