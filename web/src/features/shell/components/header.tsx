"use client";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { Suspense } from "react";
import { Logo } from "@/components/ui/logo";
import { PageLinks } from "@/components/ui/page-links";
import { DASHBOARD } from "@/lib/use-filter";
import { useMe } from "@/lib/use-me";
import { en } from "@/messages/en";
import { AccountMenu } from "./account-menu";
import { ConnectionPill } from "./connection-pill";
import { SearchBox, SearchOutline } from "./search-box";
import { ThemeToggle } from "./theme-toggle";
import { UnreadBell } from "./unread-bell";

export const PAGES = [
  { href: DASHBOARD, name: en.nav.dashboard },
  { href: "/incidents", name: en.nav.incidents },
  { href: "/alerts", name: en.nav.alerts },
  { href: "/sources", name: en.nav.sources },
] as const;
const ADMIN_PAGES = [{ href: "/log", name: en.nav.log }] as const;

const BAR = "flex min-h-13 flex-wrap items-center gap-x-2 gap-y-2 px-3 py-2 sm:px-4 lg:gap-x-4";

export function Header({ onHelp }: { onHelp: () => void }) {
  return (
    <header className="z-30 border-line border-b bg-panel md:sticky md:top-0">
      <div className={BAR}>
        <Brand />
        <Pages />
        <div className="order-last w-full md:order-none md:mx-auto md:w-auto md:max-w-md md:flex-1">
          <Suspense fallback={<SearchOutline />}>
            <SearchBox />
          </Suspense>
        </div>
        <div className="ml-auto flex items-center gap-1 md:ml-0">
          <ConnectionPill />
          <UnreadBell />
          <ThemeToggle />
          <AccountMenu onHelp={onHelp} />
        </div>
      </div>
    </header>
  );
}

/** The header of the prerendered page, before the session is known. */
export function HeaderOutline() {
  return (
    <header className="border-line border-b bg-panel">
      <div className={BAR}>
        <Brand />
      </div>
    </header>
  );
}

function Brand() {
  return (
    <Link href={DASHBOARD} className="flex h-8 items-center gap-2 font-semibold text-[15px] tracking-tight">
      <Logo className="size-6" />
      <span className="max-[359px]:sr-only">{en.app}</span>
    </Link>
  );
}

function Pages() {
  const path = usePathname();
  const isAdmin = useMe().data?.role === "admin";
  const pages = isAdmin ? [...PAGES, ...ADMIN_PAGES] : PAGES;
  return (
    <PageLinks
      label={en.nav.label}
      links={pages}
      now={path}
      className="hidden items-center gap-0.5 lg:flex"
    />
  );
}
