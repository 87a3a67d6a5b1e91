"use client";
import { MapPin } from "lucide-react";
import Link from "next/link";
import { memo } from "react";
import { Age } from "@/components/domain/age";
import { HazardLabel } from "@/components/domain/hazard-icon";
import { RiskMeter } from "@/components/domain/risk-meter";
import { SeverityMark } from "@/components/domain/severity-mark";
import { Badge } from "@/components/ui/badge";
import type { Item } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { headline, placeName } from "@/lib/headline";
import { en, statusName } from "@/messages/en";

interface ItemRowProps {
  item: Item;
  top: number;
  height: number;
  index: number;
  fresh: boolean;
  onFocus: (id: string) => void;
}

/** One item of the list: what, how bad, where, who says it, how long ago, how risky. */
export const ItemRow = memo(function ItemRow({ item, top, height, index, fresh, onFocus }: ItemRowProps) {
  const quiet = item.status === "dismissed" || item.duplicate_of !== undefined;
  return (
    <li
      className="absolute inset-x-0"
      style={{ transform: `translateY(${top}px)`, height }}
      aria-posinset={index + 1}
    >
      <Link
        href={`/items?id=${item.id}`}
        prefetch={false}
        data-item={item.id}
        onFocus={() => onFocus(item.id)}
        className={cx(
          "flex h-full flex-col justify-center gap-1 border-line border-b px-3.5 -outline-offset-2 hover:bg-hover",
          fresh && "animate-fresh",
        )}
      >
        <div className="flex items-start gap-3 sm:items-center">
          <SeverityMark severity={item.severity} className="w-[7.25rem] shrink-0 max-sm:hidden" />
          <p
            dir="auto"
            className={cx(
              "line-clamp-2 min-w-0 flex-1 font-medium text-[13px] leading-[1.35] sm:line-clamp-1",
              quiet && "text-ink-3",
            )}
          >
            {headline(item)}
          </p>
          <Age at={item.timestamp} className="tabular shrink-0 text-ink-3 text-xs" />
        </div>
        <div className="flex min-w-0 items-center gap-3 text-ink-2 text-xs">
          <SeverityMark severity={item.severity} className="sm:hidden" />
          <HazardLabel hazard={item.hazard.type} className="shrink-0 sm:w-[7.25rem]" />
          <RowPlace item={item} />
          <RowMarks item={item} />
          <span className="ml-auto hidden max-w-28 shrink-0 truncate text-ink-3 sm:block">{item.source}</span>
          <RiskMeter score={item.risk_score} level={item.risk_level} className="shrink-0 max-sm:ml-auto" />
        </div>
      </Link>
    </li>
  );
});

function RowPlace({ item }: { item: Item }) {
  const name = placeName(item);
  return (
    <span className={cx("flex min-w-0 items-center gap-1", !name && "text-ink-3")}>
      <MapPin aria-hidden="true" className="size-3 shrink-0 text-ink-3" />
      <span className="truncate">{name ?? en.list.noPlace}</span>
    </span>
  );
}

function RowMarks({ item }: { item: Item }) {
  return (
    <>
      {item.duplicate_of && <Badge className="max-sm:hidden">{en.list.duplicate}</Badge>}
      {item.status !== "new" && (
        <Badge tone={item.status === "verified" ? "low" : "plain"} className="max-sm:hidden">
          {statusName[item.status]}
        </Badge>
      )}
    </>
  );
}
