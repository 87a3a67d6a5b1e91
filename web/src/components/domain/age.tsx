"use client";
import { age, dateTime, useNow } from "@/lib/time";

/** How long ago; the exact time on hover. */
export function Age({ at, className }: { at: string; className?: string }) {
  return (
    <time dateTime={at} title={dateTime(at)} className={className} suppressHydrationWarning>
      {age(at, useNow())}
    </time>
  );
}
