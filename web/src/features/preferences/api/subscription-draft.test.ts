import { expect, it } from "vitest";
import type { NewSubscription } from "@/lib/api/notification-types";
import { prefs } from "@/messages/notify";
import {
  countryName,
  draftOf,
  keptParts,
  phrases,
  subscriptionOf,
  subscriptionProblems,
  wordsIn,
} from "./subscription-draft";

const whole: NewSubscription = {
  name: "Valencia",
  match: {
    country: ["ES", "PT"],
    hazard: ["flood", "storm"],
    source: ["gdacs"],
    keyword: ["río", "dana"],
    incident: ["00000000-0000-0000-0000-000000000002"],
    min_severity: "high",
    max_severity: "critical",
    bbox: { west: -1, south: 39, east: 0, north: 40 },
    circle: { lat: 39.47, lon: -0.38, km: 80 },
  },
};
const empty: NewSubscription = {
  name: "",
  match: { country: [], hazard: [], source: [], keyword: [], incident: [] },
};

it("a subscription goes through its form unharmed, also what the form does not show", () => {
  expect(subscriptionOf(draftOf(whole))).toEqual(whole);
  expect(JSON.parse(JSON.stringify(subscriptionOf(draftOf())))).toEqual(empty);
  expect(keptParts(draftOf(whole).rest)).toEqual(Object.values(prefs.keptNames));
  expect(keptParts(draftOf().rest)).toEqual([]);
});

it("lists are words with commas, countries in upper case", () => {
  expect(wordsIn(" a, b c,, a ,")).toEqual(["a", "b c"]);
  const { match } = subscriptionOf({ ...draftOf(), countries: "es, in,ES", keywords: "río " });
  expect([match.country, match.keyword]).toEqual([["ES", "IN"], ["río"]]);
});

it("a circle is whole or none", () => {
  const draft = { ...draftOf(), lat: "0", lon: "-0.5" };
  expect(subscriptionProblems(draft)).toEqual({ "match.circle": prefs.circleIncomplete });
  expect(subscriptionOf(draft).match.circle).toBeUndefined();
  expect(subscriptionProblems({ ...draft, km: "20" })).toEqual({});
  expect(subscriptionOf({ ...draft, km: "20" }).match.circle).toEqual({ lat: 0, lon: -0.5, km: 20 });
  expect(subscriptionProblems(draftOf())).toEqual({});
});

it("reads as people say it", () => {
  expect(phrases(whole.match)).toEqual([
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
  expect(phrases(empty.match)).toEqual([]);
  expect(["IN", "QQ", "x"].map(countryName)).toEqual(["India", "QQ", "x"]);
});
