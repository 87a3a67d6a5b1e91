import type { ReactNode } from "react";
import type { Item } from "@/lib/api/types";
import { dateTime } from "@/lib/time";
import { en, sourceKindName } from "@/messages/en";
import { share } from "./judgement";

const languages = new Intl.DisplayNames("en", { type: "language", fallback: "code" });

function languageName(code: string): string {
  try {
    return languages.of(code) ?? code;
  } catch {
    return code;
  }
}

/** The rest, as a list of names and values. */
export function ItemFacts({ item }: { item: Item }) {
  const { code, confidence } = item.language;
  const rows: [string, ReactNode][] = [
    [en.item.source, `${item.source} · ${sourceKindName[item.source_kind]}`],
    [en.item.said, <Moment key="said" at={item.timestamp} />],
    [en.item.received, <Moment key="received" at={item.ingested_at} />],
    [en.item.language, `${languageName(code)} · ${share(confidence)}`],
    [en.item.revision, item.revision],
    [en.item.version, item.version],
  ];
  if (item.author) rows.splice(1, 0, [en.item.author, item.author]);
  return (
    <dl className="grid grid-cols-[5.5rem_1fr] gap-x-3 gap-y-2 text-[13px]">
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-ink-3 text-xs leading-5">{name}</dt>
          <dd className="tabular min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Moment({ at }: { at: string }) {
  return (
    <time dateTime={at} suppressHydrationWarning>
      {dateTime(at)}
    </time>
  );
}
