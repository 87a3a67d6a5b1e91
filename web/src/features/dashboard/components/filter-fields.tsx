"use client";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import { HazardIcon } from "@/components/domain/hazard-icon";
import { SeverityShape } from "@/components/domain/severity-mark";
import { Skeleton } from "@/components/ui/skeleton";
import { type ItemFilter, type ListField, without } from "@/lib/api/filter";
import { type HazardType, ITEM_STATUSES, type ItemStatus, SEVERITIES, type Severity } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { en, hazardName, severityName, statusName } from "@/messages/en";
import { facetsQuery } from "../api/items";

const SHOWN = 8;

interface FieldsProps {
  filter: ItemFilter;
  onChange: (next: ItemFilter) => void;
}

/** Every filter with what each choice would show. */
export function FilterFields({ filter, onChange }: FieldsProps) {
  const field = (
    name: ListField,
    label: string,
    face: (value: string) => ReactNode,
    order?: readonly string[],
  ) => (
    <Facet
      key={name}
      field={name}
      label={label}
      face={face}
      order={order}
      filter={filter}
      onChange={onChange}
    />
  );
  return (
    <div className="flex flex-col gap-4 p-3.5">
      {field(
        "severity",
        en.filters.severity,
        (value) => (
          <SeverityFace value={value as Severity} />
        ),
        SEVERITIES,
      )}
      {field("hazard", en.filters.hazard, (value) => (
        <HazardFace value={value as HazardType} />
      ))}
      {field("source", en.filters.source, (value) => value)}
      {field("status", en.filters.status, (value) => statusName[value as ItemStatus] ?? value, ITEM_STATUSES)}
    </div>
  );
}

function SeverityFace({ value }: { value: Severity }) {
  return (
    <span className="flex items-center gap-1.5">
      <SeverityShape severity={value} className="size-2.5" />
      {severityName[value] ?? value}
    </span>
  );
}

function HazardFace({ value }: { value: HazardType }) {
  return (
    <span className="flex min-w-0 items-center gap-1.5">
      <HazardIcon hazard={value} className="text-ink-3" />
      <span className="truncate">{hazardName[value] ?? value}</span>
    </span>
  );
}

interface FacetProps extends FieldsProps {
  field: ListField;
  label: string;
  face: (value: string) => ReactNode;
  /** Fixed order of the values; else the most frequent first. */
  order?: readonly string[];
}

function Facet({ field, label, face, order, filter, onChange }: FacetProps) {
  const [all, setAll] = useState(false);
  const facets = useQuery(facetsQuery(without(filter, field)));
  const counts = facets.data?.[field] ?? {};
  const chosen: readonly string[] = filter[field] ?? [];
  // Ranked once for each set of values: choices must not move under the pointer while counts rise.
  const names = [...new Set([...Object.keys(counts), ...chosen])].sort().join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the counts of the moment are meant
  const values = useMemo(() => order ?? ranked(names, counts), [order, names]);
  const shown = all ? values : values.slice(0, SHOWN);
  const toggle = (value: string) => {
    const next = chosen.includes(value)
      ? chosen.filter((other) => other !== value)
      : [...chosen, value].sort();
    onChange(next.length === 0 ? without(filter, field) : { ...filter, [field]: next });
  };
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1 font-semibold text-ink-2 text-xs">{label}</legend>
      {facets.isPending && <FacetOutline />}
      {facets.isSuccess && values.length === 0 && <p className="text-ink-3 text-xs">{en.filters.noValues}</p>}
      {!facets.isPending &&
        shown.map((value) => (
          <Choice
            key={value}
            count={counts[value] ?? 0}
            chosen={chosen.includes(value)}
            onToggle={() => toggle(value)}
          >
            {face(value)}
          </Choice>
        ))}
      {values.length > SHOWN && (
        <button
          type="button"
          className="mt-1 rounded px-1 text-accent text-xs hover:underline"
          onClick={() => setAll(!all)}
        >
          {all ? en.filters.fewer : en.filters.more(values.length - SHOWN)}
        </button>
      )}
    </fieldset>
  );
}

function ranked(names: string, counts: Record<string, number>): string[] {
  const values = names === "" ? [] : names.split("\n");
  return values.sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || a.localeCompare(b));
}

function Choice({
  count,
  chosen,
  onToggle,
  children,
}: {
  count: number;
  chosen: boolean;
  onToggle: () => void;
  children: ReactNode;
}) {
  return (
    <label
      className={cx(
        "-mx-1.5 flex min-h-7 cursor-pointer items-center gap-2 rounded-md px-1.5 text-[13px] hover:bg-hover max-lg:min-h-9",
        chosen && "bg-accent-soft",
        count === 0 && !chosen && "text-ink-3",
      )}
    >
      <input
        type="checkbox"
        checked={chosen}
        onChange={onToggle}
        className="size-3.5 shrink-0 accent-accent"
      />
      <span className="min-w-0 flex-1 truncate">{children}</span>
      <span className="tabular text-ink-3 text-xs">{en.count(count)}</span>
    </label>
  );
}

function FacetOutline() {
  return (
    <div className="flex flex-col">
      {[0, 1, 2, 3].map((row) => (
        <div key={row} className="flex h-7 items-center">
          <Skeleton className="h-3 w-full" />
        </div>
      ))}
    </div>
  );
}
