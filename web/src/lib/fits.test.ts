import { expect, it } from "vitest";
import type { AlertMatch } from "@/lib/api/notification-types";
import type { Alert } from "@/lib/api/types";
import { fits, isInForce } from "./fits";

const all: AlertMatch = { country: [], hazard: [], source: [], keyword: [], incident: [] };
const alert = {
  incident_id: "i",
  type: "alert",
  status: "actual",
  severity: "high",
  title: "Flood in Valencia",
  message: "The TURIA rises",
  area: "Valencia",
  country: "ES",
  centre: { lat: 39.47, lon: -0.38 },
  hazard: "flood",
  expires: "2026-01-02T00:00:00Z",
  data: { sources: ["Gdacs"] },
} as unknown as Alert;

it("an alert is meant where it fits every part that is given", () => {
  const yes: Partial<AlertMatch>[] = [
    {},
    { country: ["PT", "ES"], hazard: ["flood"], source: ["gdacs"], incident: ["i"] },
    { keyword: ["turia"] },
    { min_severity: "medium", max_severity: "high" },
    { circle: { lat: 39.5, lon: -0.4, km: 10 } },
    { bbox: { west: -1, south: 39, east: 0, north: 40 } },
  ];
  const no: Partial<AlertMatch>[] = [
    { country: ["PT"] },
    { hazard: ["storm"] },
    { source: ["usgs"] },
    { incident: ["j"] },
    { keyword: ["ebro"] },
    { min_severity: "critical" },
    { max_severity: "medium" },
    { circle: { lat: 41.4, lon: 2.2, km: 10 } },
    { bbox: { west: 1, south: 39, east: 2, north: 40 } },
  ];
  expect(yes.map((part) => fits({ ...all, ...part }, alert))).toEqual(yes.map(() => true));
  expect(no.map((part) => fits({ ...all, ...part }, alert))).toEqual(no.map(() => false));
  const nowhere = { ...alert, centre: undefined };
  expect(fits({ ...all, circle: { lat: 39.5, lon: -0.4, km: 10 } }, nowhere)).toBe(false);
});

it("what was withdrawn, is a draft or has lapsed does not count", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  expect(isInForce(alert, now)).toBe(true);
  expect(isInForce(alert, now + 2 * 86_400_000)).toBe(false);
  expect(isInForce({ ...alert, type: "cancel" }, now)).toBe(false);
  expect(isInForce({ ...alert, status: "draft" }, now)).toBe(false);
});
