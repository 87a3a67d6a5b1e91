// Why a delivery stands where it does: what failed before it went is not why it went.
import type { Attempt, DeliveryStatus } from "@/lib/api/types";

const GONE: readonly DeliveryStatus[] = ["sent", "delivered", "read", "acked"];
/** What is put off says so in these words, by whoever carries it. */
const PUT_OFF = /^(smtp|sendgrid|twilio|fcm|web_push|webhook|outbox)(:| may have it:)|^every provider rests/;

/** Whether it was handed over. */
export const isGone = (status: DeliveryStatus): boolean => GONE.includes(status);

/** The reason of a delivery, or, of one that has gone all the same, what had kept it until then. */
export function reasonOf({ status, reason }: { status: DeliveryStatus; reason: string }) {
  return isGone(status) && PUT_OFF.test(reason) ? { reason: "", earlier: reason } : { reason, earlier: "" };
}

/** Tries that came to nothing. */
export const failedTries = (attempts: readonly Attempt[] = []): Attempt[] =>
  attempts.filter(({ outcome }) => outcome !== undefined && outcome !== "accepted");
