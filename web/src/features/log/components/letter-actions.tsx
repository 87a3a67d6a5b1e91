"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import type { LetterDetail } from "@/lib/api/log-types";
import { log } from "@/messages/log";
import { editable } from "../api/value";
import { DiscardDialog, EditDialog, ReplayDialog } from "./letter-dialogs";

/** What can be done about a letter that nobody has decided about. */
export function LetterActions({ detail: { letter, record } }: { detail: LetterDetail }) {
  const [open, setOpen] = useState<"replay" | "edit" | "discard" | null>(null);
  if (letter.status !== "waiting" && letter.status !== "parked") return null;
  const canReplay = record !== null && letter.topic !== null;
  const text = record && editable(record);
  const close = () => setOpen(null);
  return (
    <div className="flex flex-col gap-2">
      {letter.status === "parked" && <p className="text-high text-xs">{log.parkedHint}</p>}
      <div className="flex flex-wrap gap-2">
        <Button look="primary" disabled={!canReplay} onClick={() => setOpen("replay")}>
          {log.replay}
        </Button>
        <Button disabled={!canReplay || text === null} onClick={() => setOpen("edit")}>
          {log.edit}
        </Button>
        <Button onClick={() => setOpen("discard")}>{log.discard}</Button>
      </div>
      {canReplay && text === null && <p className="text-ink-3 text-xs">{log.noText}</p>}
      {open === "replay" && <ReplayDialog letter={letter} onClose={close} />}
      {open === "edit" && text !== null && <EditDialog letter={letter} text={text} onClose={close} />}
      {open === "discard" && <DiscardDialog letter={letter} onClose={close} />}
    </div>
  );
}
