// Which alerts are meant, as a form has it, and as people read it.
import type { AlertMatch } from "@/lib/api/notification-types";
import type { FieldProblems } from "@/lib/api/problem";
import type { HazardType, Severity } from "@/lib/api/types";
import { hazardName } from "@/messages/en";
import { prefs } from "@/messages/notify";

export interface MatchDraft {
  /** Lists as typed, with commas. */
  countries: string;
  sources: string;
  keywords: string;
  hazards: HazardType[];
  min_severity: Severity | "";
  max_severity: Severity | "";
  /** Numbers as typed. */
  lat: string;
  lon: string;
  km: string;
  /** What the form does not show, kept as it is. */
  rest: Pick<AlertMatch, "incident" | "bbox">;
}

/** Every alert. */
const ALL: AlertMatch = { country: [], hazard: [], source: [], keyword: [], incident: [] };

export function matchDraftOf(match: AlertMatch = ALL): MatchDraft {
  const { incident, bbox, circle } = match;
  return {
    countries: match.country.join(", "),
    sources: match.source.join(", "),
    keywords: match.keyword.join(", "),
    hazards: match.hazard,
    min_severity: match.min_severity ?? "",
    max_severity: match.max_severity ?? "",
    lat: circle ? String(circle.lat) : "",
    lon: circle ? String(circle.lon) : "",
    km: circle ? String(circle.km) : "",
    rest: { incident, bbox },
  };
}

export function matchOf(draft: MatchDraft): AlertMatch {
  const place = [draft.lat, draft.lon, draft.km].map((text) => text.trim());
  const [lat, lon, km] = place.map(Number);
  return {
    country: wordsIn(draft.countries.toUpperCase()),
    hazard: draft.hazards,
    source: wordsIn(draft.sources),
    keyword: wordsIn(draft.keywords),
    ...draft.rest,
    ...(draft.min_severity && { min_severity: draft.min_severity }),
    ...(draft.max_severity && { max_severity: draft.max_severity }),
    ...(place.every((text) => text !== "") && { circle: { lat: lat ?? 0, lon: lon ?? 0, km: km ?? 0 } }),
  };
}

/** What cannot be sent, by the names that the API gives its fields; `field` is that of the match. */
export function matchProblems({ lat, lon, km }: MatchDraft, field = "match"): FieldProblems {
  const given = [lat, lon, km].filter((text) => text.trim() !== "").length;
  return given === 1 || given === 2 ? { [`${field}.circle`]: prefs.circleIncomplete } : {};
}

export function wordsIn(text: string): string[] {
  const words = text.split(",").map((word) => word.trim());
  return [...new Set(words.filter(Boolean))];
}

const regions = new Intl.DisplayNames("en", { type: "region", fallback: "none" });

/** `Spain` of `ES`; the code where it stands for nothing. */
export function countryName(code: string): string {
  try {
    return regions.of(code) ?? code;
  } catch {
    return code;
  }
}

/** What it means, a phrase for each part; none where it means every alert. */
export function phrases(match: AlertMatch): string[] {
  const { circle, bbox, max_severity } = match;
  return present([
    match.min_severity && prefs.andAbove(match.min_severity),
    max_severity && prefs.upTo(max_severity),
    match.hazard.map((hazard) => hazardName[hazard] ?? hazard).join(", "),
    match.country.map(countryName).join(", "),
    circle && prefs.around(circle.lat, circle.lon, circle.km),
    bbox && prefs.box(bbox),
    match.source.join(", "),
    match.keyword.map((word) => `“${word}”`).join(", "),
    match.incident.length > 0 && prefs.incidents(match.incident.length),
  ]);
}

/** Whether nothing is asked for, so that every alert fits. */
export const meansEverything = (match: AlertMatch): boolean => phrases(match).length === 0;

/** The parts that the form keeps and does not show. */
export function keptParts({ incident, bbox }: MatchDraft["rest"]): string[] {
  const names = prefs.keptNames;
  return present([bbox && names.bbox, incident.length > 0 && names.incident]);
}

function present(parts: (string | false | undefined)[]): string[] {
  return parts.filter((part): part is string => Boolean(part));
}
