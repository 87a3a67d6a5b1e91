"use client";
import { Confirm, ConfirmWithReason } from "@/components/ui/confirm";
import type { StrandedRecord } from "@/lib/api/log-types";
import { log } from "@/messages/log";
import { useDecideStranded } from "../hooks/use-decide-stranded";

interface DialogProps {
  record: StrandedRecord;
  onClose: () => void;
}

/** Asks before a stranded record is sent again. */
export function SendDialog({ record, onClose }: DialogProps) {
  const decide = useDecideStranded(record.seq);
  return (
    <Confirm
      title={log.sendAgain}
      action={log.sendAgain}
      busy={decide.isPending}
      error={decide.error}
      onConfirm={() => decide.mutate({ action: "send" }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p>{log.confirmSend(record.seq)}</p>
      <p className="text-ink-3 text-xs">{log.confirmSendText}</p>
    </Confirm>
  );
}

/** Asks why before a stranded record is dropped for good. */
export function DropDialog({ record, onClose }: DialogProps) {
  const decide = useDecideStranded(record.seq);
  return (
    <ConfirmWithReason
      title={log.drop}
      action={log.drop}
      busy={decide.isPending}
      error={decide.error}
      onConfirm={(reason) => decide.mutate({ action: "drop", reason }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p>{log.dropText(record.seq)}</p>
    </ConfirmWithReason>
  );
}
