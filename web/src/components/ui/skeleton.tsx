import { cx } from "@/lib/cx";
import { en } from "@/messages/en";

/** A grey bar in the place of what is still on its way. It does not move. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden="true" className={cx("block rounded bg-raised", className)} />;
}

/** Rows of the height that the real ones will have. */
export function SkeletonRows({ rows, rowClass }: { rows: number; rowClass: string }) {
  return (
    <div role="status" aria-label={en.loading}>
      {Array.from({ length: rows }, (_, row) => (
        <div
          key={String(row)}
          className={cx("flex flex-col justify-center gap-2 border-line border-b px-3.5", rowClass)}
        >
          <Skeleton className={row % 3 === 1 ? "h-3 w-3/5" : "h-3 w-4/5"} />
          <Skeleton className="h-2.5 w-2/5" />
        </div>
      ))}
    </div>
  );
}
