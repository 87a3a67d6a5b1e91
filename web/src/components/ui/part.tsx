import type { ReactNode } from "react";

/** A part of a panel or dialog below a heading of its own. */
export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1.5">
      <h3 className="font-semibold text-xs">{title}</h3>
      {children}
    </div>
  );
}
