"use client";
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { type ItemFilter, isEmpty, type ListField, without } from "@/lib/api/filter";
import { incidentQuery } from "@/lib/api/incidents";
import type { HazardType, ItemStatus, Severity } from "@/lib/api/types";
import { en, hazardName, severityName, statusName } from "@/messages/en";

const LISTS: { field: ListField; name: (value: string) => string }[] = [
  { field: "severity", name: (value) => severityName[value as Severity] },
  { field: "hazard", name: (value) => hazardName[value as HazardType] },
  { field: "source", name: (value) => value },
  { field: "status", name: (value) => statusName[value as ItemStatus] },
  { field: "country", name: (value) => value },
];

interface Props {
  filter: ItemFilter;
  onChange: (next: ItemFilter) => void;
}

/** What the list is narrowed to; each condition can be taken away. */
export function FilterChips({ filter, onChange }: Props) {
  if (isEmpty(filter)) return null;
  const drop = (field: keyof ItemFilter) => () => onChange(without(filter, field));
  return (
    <ul aria-label={en.filters.active} className="flex flex-wrap items-center gap-1.5">
      {filter.q !== undefined && <Chip name={en.filters.query(filter.q)} onRemove={drop("q")} />}
      {filter.incident !== undefined && <IncidentChip id={filter.incident} onRemove={drop("incident")} />}
      {filter.bbox && <Chip name={en.filters.area} onRemove={drop("bbox")} />}
      {filter.min_risk !== undefined && (
        <Chip name={en.filters.minRisk(filter.min_risk.toFixed(1))} onRemove={drop("min_risk")} />
      )}
      {LISTS.map(({ field, name }) => {
        const values: readonly string[] | undefined = filter[field];
        return values && <Chip key={field} name={values.map(name).join(", ")} onRemove={drop(field)} />;
      })}
      <li>
        <button
          type="button"
          className="rounded px-1.5 py-1 text-accent text-xs hover:underline"
          onClick={() => onChange({})}
        >
          {en.filters.clear}
        </button>
      </li>
    </ul>
  );
}

function Chip({ name, onRemove }: { name: string; onRemove: () => void }) {
  return (
    <li className="inline-flex h-7 max-w-full items-center rounded-full border border-line-strong bg-panel pl-3 text-xs">
      <span className="truncate">{name}</span>
      <button
        type="button"
        aria-label={en.filters.remove(name)}
        className="grid size-7 shrink-0 place-items-center rounded-full text-ink-3 hover:text-ink"
        onClick={onRemove}
      >
        <X aria-hidden="true" className="size-3" />
      </button>
    </li>
  );
}

function IncidentChip({ id, onRemove }: { id: string; onRemove: () => void }) {
  const incident = useQuery(incidentQuery(id));
  return <Chip name={incident.data?.title ?? en.filters.incident} onRemove={onRemove} />;
}
