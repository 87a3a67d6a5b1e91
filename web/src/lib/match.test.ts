import { expect, it } from "vitest";
import type { AlertMatch } from "@/lib/api/notification-types";
import { prefs } from "@/messages/notify";
import { countryName, keptParts, matchDraftOf, matchOf, matchProblems, phrases, wordsIn } from "./match";

const whole: AlertMatch = {
  country: ["ES", "PT"],
  hazard: ["flood", "storm"],
  source: ["gdacs"],
  keyword: ["río", "dana"],
  incident: ["00000000-0000-0000-0000-000000000002"],
  min_severity: "high",
  max_severity: "critical",
  bbox: { west: -1, south: 39, east: 0, north: 40 },
  circle: { lat: 39.47, lon: -0.38, km: 80 },
};
const empty: AlertMatch = { country: [], hazard: [], source: [], keyword: [], incident: [] };

it("it goes through its form unharmed, also what the form does not show", () => {
  expect(matchOf(matchDraftOf(whole))).toEqual(whole);
  expect(JSON.parse(JSON.stringify(matchOf(matchDraftOf())))).toEqual(empty);
  expect(keptParts(matchDraftOf(whole).rest)).toEqual(Object.values(prefs.keptNames));
  expect(keptParts(matchDraftOf().rest)).toEqual([]);
});

it("lists are words with commas, countries in upper case", () => {
  expect(wordsIn(" a, b c,, a ,")).toEqual(["a", "b c"]);
  const match = matchOf({ ...matchDraftOf(), countries: "es, in,ES", keywords: "río " });
  expect([match.country, match.keyword]).toEqual([["ES", "IN"], ["río"]]);
});

it("a circle is whole or none", () => {
  const draft = { ...matchDraftOf(), lat: "0", lon: "-0.5" };
  expect(matchProblems(draft)).toEqual({ "match.circle": prefs.circleIncomplete });
  expect(matchOf(draft).circle).toBeUndefined();
  expect(matchProblems({ ...draft, km: "20" })).toEqual({});
  expect(matchOf({ ...draft, km: "20" }).circle).toEqual({ lat: 0, lon: -0.5, km: 20 });
  expect(matchProblems(matchDraftOf())).toEqual({});
  expect(matchProblems(draft, "source")).toEqual({ "source.circle": prefs.circleIncomplete });
});

it("reads as people say it", () => {
  expect(phrases(whole)).toEqual([
    "High and above",
    "nothing above critical",
    "Flood, Storm",
    "Spain, Portugal",
    "within 80 km of 39.47, -0.38",
    "between 39, -1 and 40, 0",
    "gdacs",
    "“río”, “dana”",
    "1 chosen incident",
  ]);
  expect(phrases(empty)).toEqual([]);
  expect(["IN", "QQ", "x"].map(countryName)).toEqual(["India", "QQ", "x"]);
});
