"use client";
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import Link from "next/link";
import { useSearchParams } from "next/navigation";
import { useEffect } from "react";
import { Skeleton } from "@/components/ui/skeleton";
import { Empty, Failed } from "@/components/ui/states";
import { ApiError } from "@/lib/api/problem";
import { headline } from "@/lib/headline";
import { useRoom } from "@/lib/realtime/provider";
import { backLink } from "@/lib/use-filter";
import { uuidOf } from "@/lib/uuid";
import { en } from "@/messages/en";
import { itemQuery } from "../api/item";
import { ItemView } from "./item-view";

/** `/items?id=…` */
export function ItemPage() {
  const named = useSearchParams().get("id") ?? "";
  const id = uuidOf(named);
  return (
    <div className="mx-auto w-full max-w-6xl px-3 py-4 sm:px-4">
      <Link
        href={backLink()}
        className="mb-3 inline-flex items-center gap-1.5 rounded text-ink-2 text-xs hover:text-ink hover:underline"
      >
        <ArrowLeft aria-hidden="true" className="size-3.5" />
        {en.item.back}
      </Link>
      {id ? (
        <LoadedItem key={id} id={id} />
      ) : (
        <Empty title={en.item.missingTitle} text={named ? en.item.missingText : en.item.noId} />
      )}
    </div>
  );
}

function LoadedItem({ id }: { id: string }) {
  const query = useQuery(itemQuery(id));
  useRoom(`item:${id}`);
  const title = query.data ? `${headline(query.data)} · ${en.app}` : null;
  useEffect(() => {
    if (title) document.title = title;
  }, [title]);
  if (query.data) return <ItemView item={query.data} />;
  if (query.isPending) return <ItemOutline />;
  if (query.error instanceof ApiError && query.error.status === 404) {
    return <Empty title={en.item.missingTitle} text={en.item.missingText} />;
  }
  return <Failed error={query.error} onRetry={() => void query.refetch()} />;
}

function ItemOutline() {
  return (
    <div role="status" aria-label={en.loading} className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <div className="flex flex-col gap-3 rounded-lg border border-line bg-panel p-5">
        <Skeleton className="h-4 w-40" />
        <Skeleton className="h-7 w-4/5" />
        <Skeleton className="mt-3 h-3 w-full" />
        <Skeleton className="h-3 w-full" />
        <Skeleton className="h-3 w-2/3" />
      </div>
      <Skeleton className="h-80 rounded-lg" />
    </div>
  );
}
