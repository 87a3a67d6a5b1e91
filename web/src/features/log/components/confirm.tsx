"use client";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { Modal } from "@/components/ui/modal";
import { log } from "@/messages/log";

/** A question before something is done, with what went wrong where it could not be. */
export function Confirm({
  title,
  action,
  busy,
  disabled,
  wide = false,
  error,
  onConfirm,
  onClose,
  children,
}: {
  title: string;
  /** The word on the button. */
  action: string;
  busy: boolean;
  disabled?: boolean;
  /** For more than a few words. */
  wide?: boolean;
  error: Error | null;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <Modal
      open
      onClose={onClose}
      title={title}
      shape={wide ? "wide" : "dialog"}
      footer={
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{log.cancel}</Button>
          <Button look="primary" disabled={busy || disabled} onClick={onConfirm}>
            {action}
          </Button>
        </div>
      }
    >
      <div className="flex flex-col gap-3 p-4 text-[13px]">
        {children}
        {error && <Refusal error={error} />}
      </div>
    </Modal>
  );
}

/** Why something could not be done. */
export function Refusal({ error }: { error: Error }) {
  return (
    <p role="alert" className="break-words rounded-md bg-high-soft px-3 py-2 text-high text-xs">
      {log.failed} {error.message}
    </p>
  );
}
