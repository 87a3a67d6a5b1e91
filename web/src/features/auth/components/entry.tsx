"use client";
import { useRouter } from "next/navigation";
import { useEffect } from "react";
import { DASHBOARD } from "@/lib/use-filter";
import { useSession } from "@/lib/use-session";
import { en } from "@/messages/en";

/** `/`: on to the dashboard, or to the sign-in page. */
export function Entry() {
  const session = useSession();
  const router = useRouter();
  useEffect(() => {
    if (session !== "unknown") router.replace(session === "in" ? DASHBOARD : "/login");
  }, [session, router]);
  return (
    <main className="p-6">
      <h1 className="sr-only">{en.app}</h1>
    </main>
  );
}
