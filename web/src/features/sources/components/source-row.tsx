import { CircleCheck, CircleDashed, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Age } from "@/components/domain/age";
import { Badge } from "@/components/ui/badge";
import type { SourceStatus } from "@/lib/api/types";
import { en, sourceKindName } from "@/messages/en";

export function SourceRow({ source }: { source: SourceStatus }) {
  return (
    <li className="flex flex-col gap-2 border-line border-b px-4 py-3.5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
        <p className="font-semibold text-[13px]">{source.name}</p>
        <Badge>{sourceKindName[source.kind] ?? source.kind}</Badge>
        <Badge>{source.mode}</Badge>
        <span className="sm:ml-auto">
          <State source={source} />
        </span>
      </div>
      <dl className="flex flex-wrap gap-x-6 gap-y-1 text-xs">
        <Fact name={en.sources.connector}>{source.connector}</Fact>
        <Fact name={en.sources.entries}>{en.count(source.entries)}</Fact>
        <Fact name={en.sources.published}>{en.count(source.published)}</Fact>
        <Fact name={en.sources.skipped}>{en.count(source.skipped)}</Fact>
        {source.last_ok_at && (
          <Fact name={en.sources.lastOk}>
            <Age at={source.last_ok_at} />
          </Fact>
        )}
      </dl>
      {source.url && <p className="truncate text-ink-3 text-xs">{source.url}</p>}
      {source.last_error && <p className="break-words text-critical text-xs">{source.last_error}</p>}
      {source.recent_skips.length > 0 && <Skips source={source} />}
    </li>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex gap-1.5">
      <dt className="text-ink-3">{name}</dt>
      <dd className="tabular">{children}</dd>
    </div>
  );
}

function State({ source }: { source: SourceStatus }) {
  if (source.last_error) {
    return (
      <span className="inline-flex items-center gap-1.5 font-medium text-critical text-xs">
        <TriangleAlert aria-hidden="true" className="size-3.5" />
        {en.sources.failing}
      </span>
    );
  }
  const works = source.last_ok_at !== undefined || source.published > 0;
  const Icon = works ? CircleCheck : CircleDashed;
  return (
    <span
      className={`inline-flex items-center gap-1.5 font-medium text-xs ${works ? "text-low" : "text-ink-3"}`}
    >
      <Icon aria-hidden="true" className="size-3.5" />
      {works ? en.sources.ok : en.sources.waiting}
    </span>
  );
}

function Skips({ source }: { source: SourceStatus }) {
  return (
    <details className="text-xs">
      <summary className="w-fit rounded text-accent hover:underline">
        {en.sources.skips(source.recent_skips.length)}
      </summary>
      <ul className="mt-2 flex flex-col gap-1.5 rounded-md bg-raised p-3">
        {source.recent_skips.map((skip) => (
          <li key={`${skip.entry} ${skip.at}`} className="break-words">
            <span className="font-medium">{skip.entry}</span>{" "}
            <span className="text-ink-2">{skip.reason}</span> <Age at={skip.at} className="text-ink-3" />
          </li>
        ))}
      </ul>
    </details>
  );
}
