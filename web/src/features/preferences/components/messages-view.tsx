"use client";
import { useQuery } from "@tanstack/react-query";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failed } from "@/components/ui/states";
import { preferencesQuery } from "../api/preferences";
import { MessagesForm } from "./messages-form";

export function MessagesView() {
  const query = useQuery(preferencesQuery());
  if (query.data) return <MessagesForm saved={query.data} />;
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  return <SkeletonRows rows={6} rowClass="h-14" />;
}
