import { Badge } from "@/components/ui/badge";
import type { DeliveryStatus } from "@/lib/api/types";
import { deliveryStatusName } from "@/messages/notify";

const TONES: Partial<Record<DeliveryStatus, "medium" | "low" | "critical">> = {
  queued: "medium",
  deferred: "medium",
  sending: "medium",
  sent: "low",
  delivered: "low",
  read: "low",
  acked: "low",
  failed: "critical",
};

/** How far a delivery got. */
export function DeliveryStatusBadge({ status }: { status: DeliveryStatus }) {
  return <Badge tone={TONES[status]}>{deliveryStatusName[status] ?? status}</Badge>;
}
