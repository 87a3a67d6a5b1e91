"use client";
import { useQuery } from "@tanstack/react-query";
import { Bell } from "lucide-react";
import Link from "next/link";
import { buttonClass } from "@/components/ui/button";
import { notificationsQuery } from "@/lib/api/notifications";
import { en } from "@/messages/en";

export function UnreadBell() {
  const unread = useQuery(notificationsQuery(false)).data?.unread ?? 0;
  return (
    <Link href="/inbox" title={en.nav.unread(unread)} className={buttonClass("quiet", "square", "relative")}>
      <span className="sr-only">{en.nav.unread(unread)}</span>
      <Bell aria-hidden="true" className="size-4" />
      {unread > 0 && (
        <span
          aria-hidden="true"
          className="absolute -top-0.5 -right-0.5 min-w-4 rounded-full bg-[#c81e36] px-1 text-center font-semibold text-[10px] text-white leading-4 tabular"
        >
          {unread > 99 ? "99+" : unread}
        </span>
      )}
    </Link>
  );
}
