import type { AlertCorrection } from "@/lib/api/notification-types";
import type { Alert, Severity } from "@/lib/api/types";

/** A correction while it is written: the alert's own words, to be changed. */
export interface CorrectionDraft {
  reason: string;
  title: string;
  message: string;
  area: string;
  severity: Severity;
}

export function correctionDraft({ title, message, area, severity }: Alert): CorrectionDraft {
  return { reason: "", title, message, area, severity };
}

/** Only what differs from the alert: the rest stays as it is, also where it has changed meanwhile. */
export function correctionOf(draft: CorrectionDraft, alert: Alert): AlertCorrection {
  return {
    reason: draft.reason.trim(),
    ...(draft.title !== alert.title && { title: draft.title }),
    ...(draft.message !== alert.message && { message: draft.message }),
    ...(draft.area !== alert.area && { area: draft.area }),
    ...(draft.severity !== alert.severity && { severity: draft.severity }),
  };
}
