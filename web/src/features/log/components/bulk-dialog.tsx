"use client";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Refusal } from "@/components/ui/confirm";
import { Field } from "@/components/ui/field";
import { Modal } from "@/components/ui/modal";
import { keys } from "@/lib/api/keys";
import { en } from "@/messages/en";
import { log } from "@/messages/log";
import { type BulkRequest, dryRun } from "../api/bulk";
import type { LetterFilter } from "../api/log";
import { useBulk } from "../hooks/use-bulk";
import { OutcomeList } from "./outcome-list";

const MAX_RATE = 1000;

/** Replays or discards what the filter lets through: first a dry run, then, when asked to, in earnest. */
export function BulkDialog({
  action,
  filter: { status: _, ...filter },
  onClose,
}: {
  action: "replay" | "discard";
  filter: LetterFilter;
  onClose: () => void;
}) {
  const id = useId();
  const [parkedToo, setParkedToo] = useState(false);
  const [rate, setRate] = useState("50");
  const [reason, setReason] = useState("");
  const { run, progress, stop } = useBulk();
  const ratePerS = Math.min(MAX_RATE, Math.max(1, Math.round(Number(rate)) || 1));
  const request: BulkRequest = { action, filter, parkedToo, ratePerS, reason: reason.trim() };
  const dry = useQuery({
    queryKey: [...keys.letters, "dry", action, filter, parkedToo],
    queryFn: () => dryRun({ ...request, reason: "dry run" }),
    enabled: run.isIdle,
    gcTime: 0,
  });
  const due = dry.data?.counts.due ?? 0;
  const incomplete = action === "discard" && request.reason === "";
  const title = action === "replay" ? log.replayMany : log.discardMany;
  return (
    <Modal
      open
      onClose={onClose}
      title={title}
      footer={
        <div className="flex justify-end gap-2">
          {run.isPending && <Button onClick={stop}>{log.stop}</Button>}
          {!run.isPending && <Button onClick={onClose}>{run.isIdle ? en.cancel : log.close}</Button>}
          {run.isIdle && (
            <Button look="primary" disabled={due === 0 || incomplete} onClick={() => run.mutate(request)}>
              {log.begin}
            </Button>
          )}
        </div>
      }
    >
      <div className="flex flex-col gap-3 p-4 text-[13px]">
        <p className="text-ink-3 text-xs">{log.manyText}</p>
        {run.isIdle && (
          <>
            <label className="flex min-h-7 cursor-pointer items-center gap-2">
              <input
                type="checkbox"
                className="size-3.5 accent-accent"
                checked={parkedToo}
                onChange={(event) => setParkedToo(event.target.checked)}
              />
              {log.parkedToo}
            </label>
            <Field
              id={`${id}-rate`}
              label={log.rate}
              type="number"
              min={1}
              max={MAX_RATE}
              value={rate}
              onChange={(event) => setRate(event.target.value)}
            />
            {action === "discard" && (
              <Field
                id={`${id}-reason`}
                label={en.reason}
                hint={en.reasonHint}
                value={reason}
                maxLength={300}
                onChange={(event) => setReason(event.target.value)}
              />
            )}
          </>
        )}
        <div role="status" className="min-h-10">
          {run.isIdle && dry.isPending && log.looking}
          {run.isIdle && dry.data && (
            <OutcomeList
              title={log.wouldBe}
              counts={dry.data.counts}
              more={dry.data.remaining}
              none={log.nothingToDo}
            />
          )}
          {!run.isIdle && progress && (
            <OutcomeList
              title={`${log.progress(progress.done, progress.remaining)}${run.isSuccess && progress.remaining > 0 ? `. ${log.stopped}` : ""}`}
              counts={progress.counts}
              more={0}
              none={log.nothingToDo}
            />
          )}
        </div>
        {dry.error && run.isIdle && <Refusal error={dry.error} />}
        {run.error && <Refusal error={run.error} />}
      </div>
    </Modal>
  );
}
