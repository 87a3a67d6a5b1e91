"use client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Age } from "@/components/domain/age";
import { Avatar } from "@/components/domain/avatar";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import { Failed } from "@/components/ui/states";
import type { Activity } from "@/lib/api/types";
import { actText, commentText, lock as words } from "@/messages/lock";
import { activityQuery } from "../api/activity";

/** Shown before all are asked for. */
const FIRST = 8;

/** What people did to the item, newest first; goes on live. */
export function ActivityFeed({ room }: { room: string }) {
  const cache = useQueryClient();
  const query = useQuery(activityQuery(cache, room));
  const [isWhole, setWhole] = useState(false);
  const all = query.data?.items ?? [];
  if (query.isPending) return <Skeleton className="h-8" />;
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  if (all.length === 0) return <p className="text-[13px] text-ink-3">{words.noActivity}</p>;
  const shown = isWhole ? all : all.slice(0, FIRST);
  return (
    <>
      <ol aria-label={words.activity} className="flex flex-col gap-2 text-[13px]">
        {shown.map((activity) => (
          <Act key={`${activity.user} ${activity.kind} ${activity.at}`} activity={activity} />
        ))}
      </ol>
      {shown.length < all.length && (
        <Button look="quiet" size="small" className="mt-2" onClick={() => setWhole(true)}>
          {words.showAll(all.length)}
        </Button>
      )}
    </>
  );
}

function Act({ activity }: { activity: Activity }) {
  const name = activity.name || words.somebody;
  const said = commentText(activity);
  return (
    <li data-activity={activity.kind} className="flex items-start gap-2">
      <Avatar id={activity.user} name={name} />
      <p className="min-w-0 flex-1 break-words">
        <span className="font-medium">{name}</span> {actText(activity)}{" "}
        <Age at={activity.at} className="whitespace-nowrap text-ink-3 text-xs" />
        {said !== null && <span className="mt-0.5 block whitespace-pre-wrap text-ink-2">{said}</span>}
      </p>
    </li>
  );
}
