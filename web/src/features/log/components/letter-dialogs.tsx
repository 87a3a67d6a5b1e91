"use client";
import { useId, useState } from "react";
import { Confirm, ConfirmWithReason } from "@/components/ui/confirm";
import type { Letter } from "@/lib/api/log-types";
import { log } from "@/messages/log";
import { isJson, toBase64 } from "../api/value";
import { useDecide } from "../hooks/use-decide";

interface DialogProps {
  letter: Letter;
  onClose: () => void;
}

/** Asks before a letter is sent again. */
export function ReplayDialog({ letter, onClose }: DialogProps) {
  const decide = useDecide(letter.offset);
  const how = { parked_too: letter.status === "parked" };
  return (
    <Confirm
      title={log.replay}
      action={log.replay}
      busy={decide.isPending}
      error={decide.error}
      onConfirm={() => decide.mutate({ action: "replay", how }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p>{log.confirmReplay(letter.offset)}</p>
      <p className="text-ink-3 text-xs">{log.confirmReplayText}</p>
    </Confirm>
  );
}

/** Takes another value and sends the letter with it. */
export function EditDialog({ letter, text, onClose }: DialogProps & { text: string }) {
  const id = useId();
  const [value, setValue] = useState(text);
  const decide = useDecide(letter.offset);
  const send = () => {
    const how = { value_base64: toBase64(value), parked_too: letter.status === "parked" };
    decide.mutate({ action: "replay", how }, { onSuccess: onClose });
  };
  return (
    <Confirm
      title={log.editTitle}
      wide
      action={log.send}
      busy={decide.isPending}
      error={decide.error}
      onConfirm={send}
      onClose={onClose}
    >
      <label htmlFor={id} className="font-medium text-ink-2 text-xs">
        {log.value}
      </label>
      <textarea
        id={id}
        value={value}
        onChange={(event) => setValue(event.target.value)}
        spellCheck={false}
        aria-describedby={`${id}-hint`}
        className="h-72 w-full resize-y rounded-md border border-line-strong bg-panel p-2.5 font-mono text-xs max-sm:text-base"
      />
      <p id={`${id}-hint`} className="text-ink-3 text-xs">
        {isJson(value) ? log.editHint : log.notJson}
      </p>
    </Confirm>
  );
}

/** Asks why before a letter is given up for good. */
export function DiscardDialog({ letter, onClose }: DialogProps) {
  const decide = useDecide(letter.offset);
  return (
    <ConfirmWithReason
      title={log.discardTitle}
      action={log.discard}
      busy={decide.isPending}
      error={decide.error}
      onConfirm={(reason) => decide.mutate({ action: "discard", reason }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p>{log.discardText}</p>
    </ConfirmWithReason>
  );
}
