"use client";
import type { ReactNode } from "react";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failed, NotForYou } from "@/components/ui/states";
import type { Role } from "@/lib/api/types";
import { isAtLeast } from "@/lib/role";
import { useMe } from "@/lib/use-me";
import { needs } from "@/messages/roles";

/** What only a role and those above it may see; others are told which, and who can give it to them. */
export function ForRole({ least, children }: { least: Role; children: ReactNode }) {
  const me = useMe();
  if (me.isError && !me.data) return <Failed error={me.error} onRetry={() => void me.refetch()} />;
  if (!me.data) return <SkeletonRows rows={6} rowClass="h-16" />;
  if (!isAtLeast(me.data.role, least))
    return <NotForYou title={needs.title(least)} text={needs.text(me.data.role, least)} />;
  return children;
}
