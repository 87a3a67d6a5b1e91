import type { Acknowledgement } from "@/lib/api/notification-types";

/** The person's newest word that still counts; the newest takes the place of those before. */
export function standingOf(
  all: readonly Acknowledgement[],
  user: string,
  now: number,
): Acknowledgement | null {
  const own = all.filter((one) => one.user === user).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const newest = own.at(-1);
  if (!newest) return null;
  return !newest.expires_at || Date.parse(newest.expires_at) > now ? newest : null;
}
