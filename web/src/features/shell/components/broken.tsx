"use client";
import { Button } from "@/components/ui/button";
import { en } from "@/messages/en";

/** Shown in place of a page that threw. */
export function Broken({ onRetry }: { onRetry: () => void }) {
  return (
    <div role="alert" className="flex flex-col items-center gap-2 px-6 py-20 text-center">
      <h1 className="font-semibold text-lg">{en.errors.boundary}</h1>
      <p className="text-ink-3">{en.errors.boundaryText}</p>
      <Button className="mt-4" onClick={onRetry}>
        {en.errors.reload}
      </Button>
    </div>
  );
}
