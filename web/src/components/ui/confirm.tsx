"use client";
import { type ReactNode, useId, useState } from "react";
import { en } from "@/messages/en";
import { Button } from "./button";
import { Field } from "./field";
import { Modal } from "./modal";

interface ConfirmProps {
  title: string;
  /** The word on the button. */
  action: string;
  busy: boolean;
  disabled?: boolean;
  /** For more than a few words. */
  wide?: boolean;
  error: Error | null;
  /** What can be done about the error. */
  remedy?: ReactNode;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** A question before something is done, with what went wrong where it could not be. */
export function Confirm({
  title,
  action,
  busy,
  disabled,
  wide = false,
  error,
  remedy,
  onConfirm,
  onClose,
  children,
}: ConfirmProps) {
  return (
    <Modal
      open
      onClose={onClose}
      title={title}
      shape={wide ? "wide" : "dialog"}
      footer={
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{en.cancel}</Button>
          {/* Not `disabled` while it is done, which would take the focus out of the dialog. */}
          <Button
            look="primary"
            disabled={disabled}
            aria-disabled={busy}
            onClick={() => !busy && onConfirm()}
          >
            {action}
          </Button>
        </div>
      }
    >
      <div className="flex flex-col gap-3 p-4 text-[13px]">
        {children}
        {error && <Refusal error={error} />}
        {remedy && <div className="flex justify-start">{remedy}</div>}
      </div>
    </Modal>
  );
}

/** A question that wants a reason before something is given up for good. */
export function ConfirmWithReason({
  onConfirm,
  children,
  ...rest
}: Omit<ConfirmProps, "disabled" | "onConfirm"> & { onConfirm: (reason: string) => void }) {
  const id = useId();
  const [reason, setReason] = useState("");
  return (
    <Confirm {...rest} disabled={reason.trim() === ""} onConfirm={() => onConfirm(reason)}>
      {children}
      <Field
        id={id}
        label={en.reason}
        hint={en.reasonHint}
        value={reason}
        maxLength={300}
        onChange={(event) => setReason(event.target.value)}
      />
    </Confirm>
  );
}

/** Why something could not be done. */
export function Refusal({ error }: { error: Error }) {
  return (
    <p role="alert" className="break-words rounded-md bg-high-soft px-3 py-2 text-high text-xs">
      {en.notDone} {error.message}
    </p>
  );
}
