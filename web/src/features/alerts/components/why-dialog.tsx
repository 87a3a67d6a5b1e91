"use client";
import { useQuery } from "@tanstack/react-query";
import { BellOff, BellRing } from "lucide-react";
import Link from "next/link";
import { Modal } from "@/components/ui/modal";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failed } from "@/components/ui/states";
import type { Alert } from "@/lib/api/types";
import { alerts as words } from "@/messages/alerts";
import { whyQuery } from "../api/alerts";

/** Why the signed-in person was, or was not, told of an alert. */
export function WhyDialog({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  const query = useQuery(whyQuery(alert.id, alert.revision));
  return (
    <Modal open onClose={onClose} title={words.whyTitle}>
      {query.isPending && <SkeletonRows rows={3} rowClass="h-12" />}
      {query.isError && !query.data && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && (
        <div className="flex flex-col gap-3 p-4 text-[13px]">
          <p className="text-ink-3 text-xs">{words.whyOfRevision(alert.title, query.data.revision)}</p>
          <p data-told={query.data.told} className="flex items-center gap-2 font-semibold">
            {query.data.told ? (
              <BellRing aria-hidden="true" className="size-4 shrink-0 text-low" />
            ) : (
              <BellOff aria-hidden="true" className="size-4 shrink-0 text-ink-3" />
            )}
            {query.data.told ? words.told : words.notTold}
          </p>
          <ul className="flex list-disc flex-col gap-1 pl-5 text-ink-2">
            {query.data.reasons.map((reason) => (
              <li key={reason} className="break-words">
                {reason}
              </li>
            ))}
          </ul>
          <Link href="/preferences" className="w-fit rounded font-medium text-accent text-xs hover:underline">
            {words.change}
          </Link>
        </div>
      )}
    </Modal>
  );
}
