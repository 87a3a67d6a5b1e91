"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import type { Acknowledgement } from "@/lib/api/notification-types";
import type { Alert, User } from "@/lib/api/types";
import { isAtLeast } from "@/lib/role";
import { dateTime } from "@/lib/time";
import { alerts as words } from "@/messages/alerts";
import { useOwnAcknowledgement } from "../hooks/use-own-acknowledgement";
import { AcknowledgeDialog } from "./acknowledge-dialog";
import { ApproveDialog, WithdrawDialog } from "./alert-dialogs";
import { CorrectDialog } from "./correct-dialog";

/** What a person may do about an alert; nothing about one that was withdrawn. */
export function AlertActions({
  alert,
  me,
  acknowledged: all,
}: {
  alert: Alert;
  me: User;
  /** Who has acknowledged it, where the alert says so. */
  acknowledged?: Acknowledgement[];
}) {
  const [open, setOpen] = useState<"approve" | "correct" | "withdraw" | "acknowledge" | null>(null);
  const [said, setSaid] = useState<Acknowledgement | null>(null);
  const acknowledged = useOwnAcknowledgement(alert.id, me, all, said);
  const close = () => setOpen(null);
  if (alert.type === "cancel") return <p className="text-ink-3 text-xs">{words.nothingToDo}</p>;
  const isApprover = isAtLeast(me.role, "approver");
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap gap-2">
        {isApprover && !alert.approved_by && (
          <Button look="primary" onClick={() => setOpen("approve")}>
            {words.approve}
          </Button>
        )}
        <Button onClick={() => setOpen("acknowledge")}>{words.acknowledge}</Button>
        {isApprover && (
          <>
            <Button onClick={() => setOpen("correct")}>{words.correct}</Button>
            <Button onClick={() => setOpen("withdraw")}>{words.withdraw}</Button>
          </>
        )}
      </div>
      <p role="status" data-acknowledged={acknowledged !== null} className="text-ink-2 text-xs empty:hidden">
        {acknowledged &&
          (acknowledged.expires_at
            ? words.acknowledgedUntil(dateTime(acknowledged.expires_at))
            : words.acknowledgedByYou)}
      </p>
      {open === "approve" && <ApproveDialog alert={alert} onClose={close} />}
      {open === "correct" && <CorrectDialog alert={alert} onClose={close} />}
      {open === "withdraw" && <WithdrawDialog alert={alert} onClose={close} />}
      {open === "acknowledge" && <AcknowledgeDialog alert={alert} onDone={setSaid} onClose={close} />}
    </div>
  );
}
