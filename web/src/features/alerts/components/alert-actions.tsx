"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import type { Acknowledgement } from "@/lib/api/notification-types";
import type { Alert, User } from "@/lib/api/types";
import { isAtLeast } from "@/lib/role";
import { dateTime, useNow } from "@/lib/time";
import { alerts as words } from "@/messages/alerts";
import { ownOf } from "../api/acknowledgement";
import { AcknowledgeDialog } from "./acknowledge-dialog";
import { ApproveDialog, WithdrawDialog } from "./alert-dialogs";
import { CorrectDialog } from "./correct-dialog";

/** What a person may do about an alert; nothing about one that was withdrawn. */
export function AlertActions({
  alert,
  me,
  acknowledged,
}: {
  alert: Alert;
  me: User;
  /** By everybody. */
  acknowledged: readonly Acknowledgement[];
}) {
  const [open, setOpen] = useState<"approve" | "correct" | "withdraw" | "acknowledge" | null>(null);
  const own = ownOf(acknowledged, useNow());
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
      <p role="status" data-acknowledged={own !== undefined} className="text-ink-2 text-xs empty:hidden">
        {own &&
          `${own.expires_at ? words.acknowledgedUntil(dateTime(own.expires_at)) : words.acknowledgedByYou} ${own.rests ? words.callsRest : words.callsGoOn}`}
      </p>
      {open === "approve" && <ApproveDialog alert={alert} onClose={close} />}
      {open === "correct" && <CorrectDialog alert={alert} onClose={close} />}
      {open === "withdraw" && <WithdrawDialog alert={alert} onClose={close} />}
      {open === "acknowledge" && <AcknowledgeDialog alert={alert} onClose={close} />}
    </div>
  );
}
