"use client";
import {
  BellOff,
  FileText,
  Inbox,
  Keyboard,
  LogOut,
  type LucideIcon,
  Mail,
  Map as MapIcon,
  Radio,
  Rows3,
  Siren,
  SlidersHorizontal,
} from "lucide-react";
import Link from "next/link";
import { DisclosureMenu } from "@/components/ui/disclosure-menu";
import { signOut } from "@/lib/api/sign-out";
import type { Role } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { isAtLeast } from "@/lib/role";
import { useMe } from "@/lib/use-me";
import { en } from "@/messages/en";
import { prefs } from "@/messages/notify";
import { rules } from "@/messages/rules";
import { templates } from "@/messages/templates";
import { ThemeChoice } from "./theme-toggle";

const ENTRY = "flex w-full items-center gap-2.5 rounded-md px-2.5 py-2 text-left text-[13px] hover:bg-hover";

const LINKS: { href: string; name: string; icon: LucideIcon; narrowOnly: boolean; least?: Role }[] = [
  { href: "/dashboard", name: en.nav.dashboard, icon: MapIcon, narrowOnly: true },
  { href: "/incidents", name: en.nav.incidents, icon: Siren, narrowOnly: true },
  { href: "/alerts", name: en.nav.alerts, icon: Siren, narrowOnly: true },
  { href: "/sources", name: en.nav.sources, icon: Radio, narrowOnly: true },
  { href: "/log", name: en.nav.log, icon: Rows3, narrowOnly: true, least: "admin" },
  { href: "/inbox", name: en.nav.inbox, icon: Inbox, narrowOnly: false },
  { href: "/preferences", name: prefs.title, icon: SlidersHorizontal, narrowOnly: false },
  { href: "/rules", name: rules.title, icon: BellOff, narrowOnly: false },
  { href: "/templates", name: templates.title, icon: FileText, narrowOnly: false, least: "analyst" },
  { href: "/outbox", name: en.nav.outbox, icon: Mail, narrowOnly: false, least: "analyst" },
];

export function AccountMenu({ onHelp }: { onHelp: () => void }) {
  const me = useMe().data;
  return (
    <DisclosureMenu label={en.nav.menu} face={<Initials name={me?.name ?? ""} />}>
      {me && (
        <div className="mb-1 border-line border-b px-2.5 pt-1 pb-2">
          <p className="truncate font-medium">{me.name}</p>
          <p className="truncate text-ink-3 text-xs">{me.email}</p>
          <p className="text-ink-3 text-xs capitalize">{me.role}</p>
        </div>
      )}
      <nav aria-label={en.nav.menu}>
        {LINKS.filter(({ least }) => !least || isAtLeast(me?.role, least)).map(
          ({ href, name, icon: Icon, narrowOnly }) => (
            <Link key={href} href={href} className={cx(ENTRY, narrowOnly && "lg:hidden")}>
              <Icon aria-hidden="true" className="size-4 text-ink-3" />
              {name}
            </Link>
          ),
        )}
      </nav>
      <ThemeChoice className={cx(ENTRY, "sm:hidden")} />
      <button type="button" className={cx(ENTRY, "max-sm:hidden")} onClick={onHelp}>
        <Keyboard aria-hidden="true" className="size-4 text-ink-3" />
        {en.nav.keys}
      </button>
      <button type="button" className={cx(ENTRY, "mt-1 border-line border-t")} onClick={() => void signOut()}>
        <LogOut aria-hidden="true" className="size-4 text-ink-3" />
        {en.nav.signOut}
      </button>
    </DisclosureMenu>
  );
}

function Initials({ name }: { name: string }) {
  const letters = name
    .split(/\s+/)
    .map((word) => word.charAt(0))
    .slice(0, 2)
    .join("");
  return (
    <span
      aria-hidden="true"
      className="grid size-6 place-items-center rounded-full bg-accent-soft font-semibold text-[10px] text-accent uppercase"
    >
      {letters || "·"}
    </span>
  );
}
