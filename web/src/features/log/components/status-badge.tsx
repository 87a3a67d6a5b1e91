import { Badge } from "@/components/ui/badge";
import type { LetterStatus } from "@/lib/api/log-types";
import { letterStatusName } from "@/messages/log";

const TONE = { waiting: "medium", parked: "high", replayed: "low", discarded: "plain" } as const;

/** Where a dead letter stands. */
export function StatusBadge({ status }: { status: LetterStatus }) {
  return <Badge tone={TONE[status]}>{letterStatusName[status]}</Badge>;
}
