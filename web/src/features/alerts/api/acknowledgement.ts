import type { Acknowledgement } from "@/lib/api/notification-types";

/** Whether it still counts. */
export const isStanding = ({ expires_at }: Acknowledgement, now: number): boolean =>
  !expires_at || Date.parse(expires_at) > now;

/** One's own word, where it still counts. */
export const ownOf = (all: readonly Acknowledgement[], now: number): Acknowledgement | undefined =>
  all.find((one) => one.mine && isStanding(one, now));

/** Until when calls rest by what people said: null for good, undefined where they do not rest. */
export function restUntil(all: readonly Acknowledgement[], now: number): string | null | undefined {
  const resting = all.filter((one) => one.rests && isStanding(one, now));
  if (resting.some(({ expires_at }) => !expires_at)) return null;
  const ends = resting.map(({ expires_at }) => expires_at ?? "");
  return ends.sort((one, other) => Date.parse(one) - Date.parse(other)).at(-1);
}
