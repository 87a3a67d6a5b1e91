// What became of a delivery.
import type { Attempt, DeliveryStatus } from "@/lib/api/types";

const GONE: readonly DeliveryStatus[] = ["sent", "delivered", "read", "acked"];

/** Whether it was handed over. */
export const isGone = (status: DeliveryStatus): boolean => GONE.includes(status);

/** Tries that came to nothing. */
export const failedTries = (attempts: readonly Attempt[] = []): Attempt[] =>
  attempts.filter(({ outcome }) => outcome !== undefined && outcome !== "accepted");
