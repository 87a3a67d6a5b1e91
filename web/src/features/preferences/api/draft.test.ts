import { expect, it } from "vitest";
import type { Preferences } from "@/lib/api/notification-types";
import { prefs } from "@/messages/notify";
import {
  begun,
  draftOf,
  draftProblems,
  everyOf,
  isChanged,
  preferencesOf,
  unreachable,
  withChannel,
  withEvery,
} from "./draft";

const saved: Preferences = {
  channels: { alerts: ["inbox", "email"], mentions: ["inbox"] },
  min_severity: "medium",
  zone: "Asia/Kolkata",
  locale: "hi",
  quiet_hours: [{ days: [], start: "22:00:00", end: "07:00:00" }],
  quiet_except: "critical",
  digest: { at: { every: "week", day: 5, hour: 18 }, channels: ["email"], below: "high" },
  max_per_hour: 60,
};

it("preferences come back from their draft as they went in, with every kind named", () => {
  const back = preferencesOf(draftOf(saved));
  expect(back).toEqual({
    ...saved,
    channels: { ...saved.channels, high_risk: [], new_items: [], claims: [] },
  });
  expect(isChanged(draftOf(saved), saved)).toBe(false);
});

it("a change that is taken back is no change", () => {
  const draft = draftOf(saved);
  const off = { ...draft, channels: withChannel(draft.channels, "alerts", "inbox", false) };
  expect(preferencesOf(off).channels.alerts).toEqual(["email"]);
  expect(isChanged(off, saved)).toBe(true);
  expect(isChanged({ ...off, channels: withChannel(off.channels, "alerts", "inbox", true) }, saved)).toBe(
    false,
  );
  expect(isChanged({ ...draft, max_per_hour: "5" }, saved)).toBe(true);
});

it("begins with the browser's zone while nothing depends on the zone", () => {
  const fresh = { ...saved, zone: "UTC", quiet_hours: [], digest: null };
  expect(begun(fresh, "Europe/Rome").zone).toBe("Europe/Rome");
  expect(begun({ ...fresh, digest: saved.digest }, "Europe/Rome").zone).toBe("UTC");
  expect(begun(saved, "Europe/Rome").zone).toBe("Asia/Kolkata");
});

it("a digest keeps its day and hour from one rhythm to the next", () => {
  expect(everyOf(null)).toBe("off");
  expect(withEvery(null, "day")).toEqual({
    at: { every: "day", hour: 8 },
    channels: ["email"],
    below: "high",
  });
  expect(withEvery(saved.digest, "day")?.at).toEqual({ every: "day", hour: 18 });
  expect(withEvery(saved.digest, "hour")?.at).toEqual({ every: "hour" });
  expect(withEvery(withEvery(saved.digest, "hour"), "week")?.at).toEqual({ every: "week", day: 1, hour: 8 });
  expect(withEvery(saved.digest, "off")).toBeNull();
});

it("says what cannot be sent: no day means every day, and a digest needs a way", () => {
  const draft = draftOf(saved);
  expect(draftProblems(draft)).toEqual({});
  const range = { key: 1, days: [], start: "01:00", end: "02:00" };
  const wrong = { ...draft, quiet_hours: [...draft.quiet_hours, range], digest: withEvery(null, "day") };
  if (wrong.digest) wrong.digest.channels = [];
  expect(draftProblems(wrong)).toEqual({
    "quiet_hours.1.days": prefs.quietNoDay,
    "digest.channels": prefs.digestNoChannel,
  });
});

it("names channels that reach nothing", () => {
  const channels = {
    alerts: ["inbox", "email", "sms", "push"],
    claims: ["webhook"],
  } as Preferences["channels"];
  expect(unreachable(channels, new Set(["push"]))).toEqual(["sms", "webhook"]);
  expect(unreachable({}, new Set())).toEqual([]);
});
