"use client";
import { X } from "lucide-react";
import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { cx } from "@/lib/cx";
import { en } from "@/messages/en";
import { IconButton } from "./button";

interface ModalProps {
  open: boolean;
  onClose: () => void;
  title: string;
  /** `sheet` slides no further than the lower edge of a phone; `dialog` and `wide` stand in the middle. */
  shape?: "dialog" | "wide" | "sheet";
  footer?: ReactNode;
  children: ReactNode;
}

/** The browser's own modal dialog: it holds the focus, closes on Escape and gives the focus back. */
export function Modal({ open, onClose, title, shape = "dialog", footer, children }: ModalProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (open && dialog && !dialog.open) dialog.showModal();
    if (!open && dialog?.open) dialog.close();
  }, [open]);
  // Taken from the page while it is open, it would not give the focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the click closes it on its backdrop; Escape does so by keyboard
    <dialog
      ref={ref}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === event.currentTarget && onClose()}
      className={cx(
        "fixed bg-panel p-0 text-ink shadow-pop",
        shape === "dialog" && "m-auto w-[min(26rem,calc(100vw-2rem))] rounded-xl border border-line",
        shape === "wide" && "m-auto w-[min(46rem,calc(100vw-2rem))] rounded-xl border border-line",
        shape === "sheet" &&
          "inset-x-0 top-auto bottom-0 m-0 max-h-[85dvh] w-full max-w-none rounded-t-2xl border-line border-t",
      )}
    >
      {open && (
        <div className="flex max-h-[85dvh] flex-col">
          <header className="flex items-center justify-between border-line border-b py-2 pr-2 pl-4">
            <h2 className="font-semibold">{title}</h2>
            <IconButton label={en.close} onClick={onClose}>
              <X aria-hidden="true" className="size-4" />
            </IconButton>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto overscroll-contain">{children}</div>
          {footer && <footer className="border-line border-t p-3">{footer}</footer>}
        </div>
      )}
    </dialog>
  );
}
