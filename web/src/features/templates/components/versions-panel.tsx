"use client";
import { useQuery } from "@tanstack/react-query";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failed } from "@/components/ui/states";
import type { Kept } from "@/lib/api/kept";
import type { Template, TemplateVersion } from "@/lib/api/template-types";
import { dateTime } from "@/lib/time";
import { templates as words } from "@/messages/templates";
import { versionsQuery } from "../api/templates";

/** How the template was before, and a way back to each version. */
export function VersionsPanel({
  own,
  onRestore,
}: {
  own: Kept<Template>;
  /** Null for who only reads. */
  onRestore: ((version: TemplateVersion) => void) | null;
}) {
  const query = useQuery(versionsQuery(own));
  return (
    <Panel id="versions" title={words.versions}>
      {query.isPending && <SkeletonRows rows={2} rowClass="h-10" />}
      {query.isError && !query.data && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      <ol className="max-h-80 overflow-y-auto">
        {query.data?.items.map((one) => (
          <li
            key={one.version}
            data-version={one.version}
            className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 border-line border-b px-4 py-1.5 text-xs last:border-b-0"
          >
            <span className="font-medium text-[13px]">{words.version(one.version)}</span>
            {one.version === own.version && <Badge tone="low">{words.now}</Badge>}
            <span className="text-ink-3">
              {dateTime(one.changed_at)} {words.by(one.by)}
            </span>
            {onRestore && one.version !== own.version && (
              <Button
                size="small"
                className="ml-auto"
                aria-label={words.restoreNamed(one.version)}
                onClick={() => onRestore(one)}
              >
                {words.restore}
              </Button>
            )}
          </li>
        ))}
      </ol>
    </Panel>
  );
}
