import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

interface PanelProps {
  title: ReactNode;
  /** Beside the title, muted. */
  note?: ReactNode;
  /** At the right end of the head. */
  actions?: ReactNode;
  id: string;
  className?: string;
  bodyClass?: string;
  children: ReactNode;
}

/** A titled box; a landmark named by its title. */
export function Panel({ title, note, actions, id, className, bodyClass, children }: PanelProps) {
  return (
    <section
      aria-labelledby={id}
      className={cx(
        "flex min-w-0 flex-col overflow-hidden rounded-lg border border-line bg-panel shadow-panel",
        className,
      )}
    >
      <header className="flex min-h-11 items-center gap-2 border-line border-b px-3.5 py-1.5">
        <h2 id={id} className="shrink-0 font-semibold text-[13px]">
          {title}
        </h2>
        {note && <div className="min-w-0 truncate text-ink-3 text-xs">{note}</div>}
        {actions && <div className="ml-auto flex shrink-0 items-center gap-1">{actions}</div>}
      </header>
      <div className={cx("min-h-0 flex-1", bodyClass)}>{children}</div>
    </section>
  );
}
