import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

/** A page with a title. */
export function PageFrame({
  title,
  text,
  actions,
  wide = false,
  children,
}: {
  title: string;
  text?: string;
  actions?: ReactNode;
  /** For a list with something beside it. */
  wide?: boolean;
  children: ReactNode;
}) {
  return (
    <div className={cx("mx-auto w-full px-3 py-4 sm:px-4 sm:py-6", wide ? "max-w-[90rem]" : "max-w-5xl")}>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div>
          <h1 className="font-semibold text-lg tracking-tight">{title}</h1>
          {text && <p className="text-[13px] text-ink-3">{text}</p>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </div>
  );
}
