import type { KeyboardEvent } from "react";
import { SEVERITY_SHAPES } from "@/components/domain/severity-mark";
import type { GridCell, Severity } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { en, hazardName, severityName } from "@/messages/en";

export interface PlacedCell extends GridCell {
  key: string;
  x: number;
  y: number;
  radius: number;
}

const LOOK: Record<Severity, string> = {
  critical: "fill-mark-critical/45 stroke-mark-critical",
  high: "fill-mark-high/45 stroke-mark-high",
  medium: "fill-mark-medium/45 stroke-mark-medium",
  low: "fill-mark-low/45 stroke-mark-low",
};
const BOX = 16;

interface MapCellProps {
  cell: PlacedCell;
  x: number;
  y: number;
  /** The one that Tab reaches; arrow keys go on from there. */
  first: boolean;
  chosen: boolean;
  onPoint: (key: string | null) => void;
  onChoose: () => void;
}

/** A mark on the map: shape and colour by the worst severity, size by count. */
export function MapCell({ cell, x, y, first, chosen, onPoint, onChoose }: MapCellProps) {
  const scale = (cell.radius * 2) / BOX;
  const onKeyDown = (event: KeyboardEvent<SVGGElement>) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      onChoose();
    }
    const step = {
      ArrowRight: "nextElementSibling",
      ArrowDown: "nextElementSibling",
      ArrowLeft: "previousElementSibling",
      ArrowUp: "previousElementSibling",
    } as const;
    if (!(event.key in step)) return;
    const next = event.currentTarget[step[event.key as keyof typeof step]];
    event.preventDefault();
    if (next instanceof SVGElement && next.getAttribute("role") === "button") next.focus();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a button cannot stand inside an SVG
    <g
      role="button"
      tabIndex={first ? 0 : -1}
      aria-pressed={chosen}
      aria-label={en.map.cell(cell.count, severityName[cell.severity], hazardName[cell.hazard])}
      transform={`translate(${x} ${y})`}
      className="cursor-pointer outline-none [&:focus-visible>circle]:stroke-accent"
      onPointerDown={(event) => event.stopPropagation()}
      onPointerEnter={() => onPoint(cell.key)}
      onPointerLeave={() => onPoint(null)}
      onFocus={() => onPoint(cell.key)}
      onBlur={() => onPoint(null)}
      onClick={onChoose}
      onKeyDown={onKeyDown}
    >
      <circle
        r={cell.radius + 4}
        strokeWidth={2}
        className={cx("fill-transparent", chosen ? "stroke-accent" : "stroke-transparent")}
      />
      <path
        d={SEVERITY_SHAPES[cell.severity]}
        transform={`scale(${scale}) translate(${-BOX / 2} ${-BOX / 2})`}
        strokeWidth={1.25}
        vectorEffect="non-scaling-stroke"
        className={LOOK[cell.severity]}
      />
    </g>
  );
}
