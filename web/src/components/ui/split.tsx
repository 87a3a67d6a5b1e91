import { ArrowLeft } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { en } from "@/messages/en";
import { buttonClass } from "./button";

/** A list and beside it what was chosen; on a small screen one of the two, with a way back. */
export function Split({
  list,
  detail,
  chosen,
  back,
}: {
  list: ReactNode;
  detail: ReactNode;
  chosen: boolean;
  back: string;
}) {
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
      <div className={cx("min-w-0", chosen && "max-lg:hidden")}>{list}</div>
      <div className={cx("min-w-0 lg:sticky lg:top-4", !chosen && "max-lg:hidden")}>
        {chosen && (
          <Link href={back} className={buttonClass("quiet", "small", "mb-2 -ml-2 lg:hidden")}>
            <ArrowLeft aria-hidden="true" className="size-4" />
            {en.backToList}
          </Link>
        )}
        {detail}
      </div>
    </div>
  );
}

/** Beside a list of which nothing is chosen. */
export function Unchosen({ text }: { text: string }) {
  return (
    <p className="rounded-lg border border-line border-dashed px-6 py-16 text-center text-ink-3 text-xs">
      {text}
    </p>
  );
}
