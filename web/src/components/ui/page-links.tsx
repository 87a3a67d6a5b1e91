import Link from "next/link";
import { cx } from "@/lib/cx";

/** Links to the parts of a page, or to pages. */
export function PageLinks({
  label,
  links,
  now,
  className,
}: {
  label: string;
  links: readonly { href: string; name: string }[];
  /** The `href` of the part that is shown. */
  now: string;
  /** How they lie; scrolled beside each other where there is no room, if nothing is said. */
  className?: string;
}) {
  return (
    <nav aria-label={label} className={className ?? "-mx-1 flex max-w-full gap-0.5 overflow-x-auto px-1"}>
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
