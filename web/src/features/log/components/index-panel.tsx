"use client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failed } from "@/components/ui/states";
import { keys } from "@/lib/api/keys";
import type { IndexView } from "@/lib/api/log-types";
import { en } from "@/messages/en";
import { log } from "@/messages/log";
import { indexQuery, rebuildIndex } from "../api/log";

/** The search index beside the store, and making it again. */
export function IndexPanel() {
  const cache = useQueryClient();
  const [asking, setAsking] = useState(false);
  const query = useQuery(indexQuery());
  const rebuild = useMutation({
    mutationFn: rebuildIndex,
    onSuccess: () => setAsking(false),
    onSettled: () => cache.invalidateQueries({ queryKey: keys.searchIndex }),
  });
  return (
    <Panel
      id="search-index"
      title={log.index}
      note={query.data?.engine}
      actions={
        <Button
          size="small"
          disabled={!query.data || query.data.running !== null}
          onClick={() => setAsking(true)}
        >
          {log.rebuild}
        </Button>
      }
    >
      {query.isPending && <SkeletonRows rows={1} rowClass="h-12" />}
      {query.isError && !query.data && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && (
        <div className="flex flex-col gap-1.5 px-4 py-3 text-[13px]">
          <dl className="tabular flex flex-wrap gap-x-6 gap-y-1">
            <Figure name={log.indexed} value={query.data.index.items} />
            <Figure name={log.stored} value={query.data.stored_items} />
          </dl>
          <p role="status" className="tabular text-ink-3 text-xs">
            {stateOf(query.data)}
          </p>
        </div>
      )}
      {asking && (
        <Confirm
          title={log.rebuild}
          action={log.rebuild}
          busy={rebuild.isPending}
          error={rebuild.error}
          onConfirm={() => rebuild.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>{log.confirmRebuild}</p>
          <p className="text-ink-3 text-xs">{log.confirmRebuildText}</p>
        </Confirm>
      )}
    </Panel>
  );
}

function Figure({ name, value }: { name: string; value: number }) {
  return (
    <div className="flex gap-1.5">
      <dt className="text-ink-3">{name}</dt>
      <dd>{en.count(value)}</dd>
    </div>
  );
}

function stateOf({ running, last }: IndexView): string {
  if (running) return log.rebuilding(running.items, running.of);
  if (!last) return "";
  if (last.error !== null) return log.rebuildFailed(last.error);
  return last.equal ? log.rebuilt(last.items) : log.rebuiltUnequal;
}
