"use client";
import { useId, useState } from "react";
import { Confirm } from "@/components/ui/confirm";
import { TextField } from "@/components/ui/field";
import { fieldProblems } from "@/lib/api/problem";
import type { Alert } from "@/lib/api/types";
import { alerts as words } from "@/messages/alerts";
import { en } from "@/messages/en";
import { approveAlert, cancelAlert } from "../api/alerts";
import { useAlertAction } from "../hooks/use-alert-action";

/** Longest reason that the server takes. */
export const MAX_REASON = 4_000;

interface DialogProps {
  alert: Alert;
  onClose: () => void;
}

/** Asks before an alert is told to everybody. */
export function ApproveDialog({ alert, onClose }: DialogProps) {
  const approve = useAlertAction(alert.id, () => approveAlert(alert.id, alert.revision));
  return (
    <Confirm
      title={words.approveTitle}
      action={words.approve}
      busy={approve.isPending}
      error={approve.error}
      onConfirm={() => approve.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p className="font-semibold">{alert.title}</p>
      <p className="text-ink-2">{alert.status === "draft" ? words.approveDraft : words.approveText}</p>
    </Confirm>
  );
}

/** Asks why, before an alert is withdrawn. */
export function WithdrawDialog({ alert, onClose }: DialogProps) {
  const id = useId();
  const [reason, setReason] = useState("");
  const withdraw = useAlertAction(alert.id, (why: string) => cancelAlert(alert.id, why));
  return (
    <Confirm
      title={words.withdrawTitle}
      action={words.withdraw}
      busy={withdraw.isPending}
      disabled={reason.trim() === ""}
      error={withdraw.error}
      onConfirm={() => withdraw.mutate(reason.trim(), { onSuccess: onClose })}
      onClose={onClose}
    >
      <p className="font-semibold">{alert.title}</p>
      <p className="text-ink-2">{words.withdrawText}</p>
      <TextField
        id={id}
        label={en.reason}
        hint={words.reasonHint}
        problem={fieldProblems(withdraw.error).reason}
        required
        rows={3}
        maxLength={MAX_REASON}
        value={reason}
        onChange={({ target }) => setReason(target.value)}
      />
    </Confirm>
  );
}
