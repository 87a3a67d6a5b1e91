import { Badge } from "@/components/ui/badge";
import type { Alert } from "@/lib/api/types";
import { alerts as words } from "@/messages/alerts";

/** What a person has made of the alert: withdrawn, corrected, approved. */
export function AlertChange({ alert: { type, approved_by } }: { alert: Alert }) {
  return (
    <>
      {type === "cancel" && <Badge tone="high">{words.withdrawn}</Badge>}
      {type === "correction" && <Badge tone="medium">{words.corrected}</Badge>}
      {approved_by && <Badge tone="low">{words.approved}</Badge>}
    </>
  );
}
