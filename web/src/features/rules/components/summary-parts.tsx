import { Fragment, type ReactNode } from "react";

/** What a row says in one line, with dots between. */
export function Line({ lead, children }: { lead?: ReactNode; children: readonly ReactNode[] }) {
  const parts = children.filter(Boolean);
  return (
    <p className="tabular flex flex-wrap items-center gap-x-2 gap-y-1 text-ink-2 text-xs">
      {lead}
      {parts.map((part, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place
        <Fragment key={at}>
          {at > 0 && (
            <span aria-hidden="true" className="text-ink-3">
              ·
            </span>
          )}
          <span className="min-w-0 break-words">{part}</span>
        </Fragment>
      ))}
    </p>
  );
}

/** A word in front of what it is about. */
export function Labelled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1 text-xs">
      <span className="text-ink-3">{label}</span>
      {children}
    </div>
  );
}
