// Preferences while they are edited.
import {
  CHANNELS,
  type Digest,
  type DigestTime,
  NOTICE_KINDS,
  type NoticeKind,
  type Preferences,
} from "@/lib/api/notification-types";
import type { FieldProblems } from "@/lib/api/problem";
import type { Channel } from "@/lib/api/types";
import { type QuietRange, quietHoursOf, rangeOf, rangeProblems } from "@/lib/quiet-week";
import { prefs } from "@/messages/notify";

export interface PreferencesDraft extends Omit<Preferences, "quiet_hours" | "max_per_hour"> {
  quiet_hours: QuietRange[];
  /** As typed. */
  max_per_hour: string;
}

export type DigestEvery = "off" | DigestTime["every"];

export function draftOf(saved: Preferences): PreferencesDraft {
  return {
    ...saved,
    quiet_hours: saved.quiet_hours.map(rangeOf),
    max_per_hour: String(saved.max_per_hour),
  };
}

/** As the API has them: each kind in its place, so that equal ones are written alike. */
export function preferencesOf(draft: PreferencesDraft): Preferences {
  const channels = NOTICE_KINDS.map((kind) => [
    kind,
    CHANNELS.filter((channel) => draft.channels[kind]?.includes(channel)),
  ]);
  return {
    ...draft,
    channels: Object.fromEntries(channels),
    quiet_hours: draft.quiet_hours.map(quietHoursOf),
    max_per_hour: Number(draft.max_per_hour),
  };
}

/** Whether both would be saved alike. */
export function isSame(one: PreferencesDraft, other: PreferencesDraft): boolean {
  return JSON.stringify(preferencesOf(one)) === JSON.stringify(preferencesOf(other));
}

export function isChanged(draft: PreferencesDraft, saved: Preferences): boolean {
  return !isSame(draft, draftOf(saved));
}

/** Where a person begins to edit: while nothing depends on the zone that accounts begin with, it is the browser's. */
export function begun(saved: Preferences, zoneHere: string): PreferencesDraft {
  const isUnset = saved.zone === "UTC" && saved.quiet_hours.length === 0 && saved.digest === null;
  return draftOf(isUnset ? { ...saved, zone: zoneHere } : saved);
}

/** What cannot be sent, by the names that the API gives its fields. */
export function draftProblems({ quiet_hours, digest }: PreferencesDraft): FieldProblems {
  const isNowhere = digest && digest.channels.length === 0;
  return {
    ...rangeProblems(quiet_hours, "quiet_hours"),
    ...(isNowhere && { "digest.channels": prefs.digestNoChannel }),
  };
}

export function withChannel(
  channels: Preferences["channels"],
  kind: NoticeKind,
  channel: Channel,
  wanted: boolean,
): Preferences["channels"] {
  const others = (channels[kind] ?? []).filter((other) => other !== channel);
  return { ...channels, [kind]: wanted ? [...others, channel] : others };
}

/** Channels that something is wanted on and that reach no device. */
export function unreachable(channels: Preferences["channels"], reached: ReadonlySet<Channel>): Channel[] {
  const wanted = new Set(Object.values(channels).flat());
  return CHANNELS.filter(
    (channel) => channel !== "inbox" && channel !== "email" && wanted.has(channel) && !reached.has(channel),
  );
}

export function everyOf(digest: Digest | null): DigestEvery {
  return digest?.at.every ?? "off";
}

/** The digest told so often; day and hour stay where there are any. */
export function withEvery(digest: Digest | null, every: DigestEvery): Digest | null {
  if (every === "off") return null;
  return {
    channels: ["email"],
    below: "high",
    ...digest,
    at: timeOf(every, { hour: 8, day: 1, ...digest?.at }),
  };
}

function timeOf(every: DigestTime["every"], { day, hour }: { day: number; hour: number }): DigestTime {
  if (every === "hour") return { every };
  return every === "day" ? { every, hour } : { every, day, hour };
}
