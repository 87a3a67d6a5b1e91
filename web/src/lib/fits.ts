// Whether an alert is meant by a match, as the server sees it.
import type { AlertMatch, Circle } from "@/lib/api/notification-types";
import { type Alert, SEVERITIES, type Severity } from "@/lib/api/types";
import { inBox } from "./api/filter";

const EARTH_KM = 6371.0088;

/** How bad, the worst first being the highest. */
const rank = (severity: Severity): number => SEVERITIES.length - SEVERITIES.indexOf(severity);

/** A list that is empty asks for nothing. */
const among = (list: readonly string[], found: readonly (string | undefined)[]): boolean =>
  list.length === 0 || list.some((one) => found.some((other) => other?.toLowerCase() === one.toLowerCase()));

function within({ lat, lon, km }: Circle, at: { lat: number; lon: number }): boolean {
  const rad = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (degrees: number) => Math.sin(rad(degrees) / 2) ** 2;
  const h = half(at.lat - lat) + Math.cos(rad(lat)) * Math.cos(rad(at.lat)) * half(at.lon - lon);
  return 2 * EARTH_KM * Math.asin(Math.sqrt(Math.min(1, h))) <= km;
}

export function fits(match: AlertMatch, alert: Alert): boolean {
  const { bbox, circle, keyword, min_severity, max_severity } = match;
  const { centre, severity } = alert;
  const text = [alert.title, alert.message, alert.area].join("\n").toLowerCase();
  return (
    among(match.country, [alert.country]) &&
    among(match.hazard, [alert.hazard]) &&
    among(match.source, alert.data.sources ?? []) &&
    among(match.incident, [alert.incident_id]) &&
    (keyword.length === 0 || keyword.some((word) => text.includes(word.toLowerCase()))) &&
    (!min_severity || rank(severity) >= rank(min_severity)) &&
    (!max_severity || rank(severity) <= rank(max_severity)) &&
    (!bbox ||
      (centre !== undefined &&
        inBox([bbox.west, bbox.south, bbox.east, bbox.north], centre.lat, centre.lon))) &&
    (!circle || (centre !== undefined && within(circle, centre)))
  );
}

/** Whether it still counts. */
export const isInForce = ({ type, status, expires }: Alert, now: number): boolean =>
  type !== "cancel" && status !== "draft" && Date.parse(expires) > now;
