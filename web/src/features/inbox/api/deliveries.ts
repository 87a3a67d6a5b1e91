import type { NotificationPage } from "@/lib/api/types";

/** How long after its time something put off may still be on its way. */
const SOON_MS = 60_000;

/** Whether a delivery on the page will soon stand somewhere else: it is being sent, or its time has come. */
export function isUnderWay(page: NotificationPage | undefined, now: number): boolean {
  const all = page?.items.flatMap(({ deliveries }) => deliveries) ?? [];
  return all.some(({ status, due_at }) => {
    if (status === "sending") return true;
    const isOpen = status === "queued" || status === "deferred";
    return isOpen && (!due_at || Math.abs(now - Date.parse(due_at)) < SOON_MS);
  });
}
