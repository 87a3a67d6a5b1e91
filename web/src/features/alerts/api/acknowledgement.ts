import type { Acknowledgement } from "@/lib/api/notification-types";

/** Whether it still counts. */
export const isStanding = ({ expires_at }: Acknowledgement, now: number): boolean =>
  !expires_at || Date.parse(expires_at) > now;

/** One's own word, where it still counts. */
export const ownOf = (all: readonly Acknowledgement[], now: number): Acknowledgement | undefined =>
  all.find((one) => one.mine && isStanding(one, now));
