import Link from "next/link";
import { cx } from "@/lib/cx";

/** Links to the parts of a page, or to pages. */
export function PageLinks({
  label,
  links,
  now,
  className,
  wraps = false,
}: {
  label: string;
  links: readonly { href: string; name: string }[];
  /** The `href` of the part that is shown. */
  now: string;
  /** How they lie; as `wraps` says, if nothing is. */
  className?: string;
  /** For so many that they are lines on a phone, where one could not find those that are out of sight. */
  wraps?: boolean;
}) {
  const lie = cx(
    "-mx-1 flex max-w-[calc(100%+0.5rem)] gap-0.5 px-1",
    wraps ? "flex-wrap" : "overflow-x-auto",
  );
  return (
    <nav aria-label={label} className={className ?? lie}>
      {links.map(({ href, name }) => (
        <Link
          key={href}
          href={href}
          aria-current={href === now ? "page" : undefined}
          className={cx(
            "shrink-0 rounded-md px-2.5 py-1.5 font-medium text-[13px] transition-colors",
            href === now ? "bg-raised text-ink" : "text-ink-2 hover:bg-hover hover:text-ink",
          )}
        >
          {name}
        </Link>
      ))}
    </nav>
  );
}
