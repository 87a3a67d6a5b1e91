"use client";
import { Minus, Plus, RotateCcw } from "lucide-react";
import { useMemo, useState } from "react";
import { type WorldView, worldView } from "@/components/map/projection";
import { IconButton } from "@/components/ui/button";
import type { BoundingBox } from "@/lib/api/filter";
import type { GridCell } from "@/lib/api/types";
import { cellBox, cellKey } from "@/lib/grid";
import { severityRank } from "@/lib/severity";
import { useWidth } from "@/lib/use-width";
import { en } from "@/messages/en";
import { useZoom } from "../hooks/use-zoom";
import { MapCell, type PlacedCell } from "./map-cell";
import { MapTip } from "./map-tip";

interface WorldMapProps {
  cells: GridCell[];
  chosen?: BoundingBox;
  onChoose: (box: BoundingBox) => void;
}

/** Smallest radius: one item. */
const minRadius = (width: number) => (width < 480 ? 3 : 4);
/** Largest radius on a map of this width in pixels. */
const maxRadius = (width: number) => Math.min(13, Math.max(8, width / 42));

export function WorldMap({ cells, chosen, onChoose }: WorldMapProps) {
  const [box, width] = useWidth<HTMLDivElement>();
  const view = useMemo(() => worldView(Math.max(width, 240)), [width]);
  const { zoom, by, reset, handlers } = useZoom(view.width, view.height);
  const [pointed, setPointed] = useState<string | null>(null);
  const placed = useMemo(() => place(cells, view), [cells, view]);
  const tip = placed.find((cell) => cell.key === pointed);
  const chosenKey = chosen ? cellKey(chosen[1], chosen[0]) : null;
  return (
    <div ref={box} className="relative h-full overflow-hidden bg-sea">
      {width > 0 && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be drawn as an SVG
        <svg
          role="group"
          aria-label={en.map.label}
          viewBox={`0 0 ${view.width} ${view.height}`}
          className="block h-full w-full touch-pan-y select-none"
          style={zoom.k > 1 ? { cursor: "grab", touchAction: "none" } : undefined}
          {...handlers}
          onDoubleClick={(event) => {
            const frame = event.currentTarget.getBoundingClientRect();
            by(2, event.clientX - frame.left, event.clientY - frame.top);
          }}
        >
          <Ground land={view.land} borders={view.borders} zoom={zoom} />
          {placed.map((cell, index) => (
            <MapCell
              key={cell.key}
              cell={cell}
              x={cell.x * zoom.k + zoom.x}
              y={cell.y * zoom.k + zoom.y}
              first={index === 0}
              chosen={cell.key === chosenKey}
              onPoint={setPointed}
              onChoose={() => onChoose(cellBox(cell.lat, cell.lon))}
            />
          ))}
        </svg>
      )}
      {tip && (
        <MapTip cell={tip} x={tip.x * zoom.k + zoom.x} y={tip.y * zoom.k + zoom.y} width={view.width} />
      )}
      <div className="absolute bottom-2 left-2 flex flex-col overflow-hidden rounded-md border border-line bg-panel">
        <IconButton label={en.map.zoomIn} size="smallSquare" className="rounded-none" onClick={() => by(1.8)}>
          <Plus aria-hidden="true" className="size-3.5" />
        </IconButton>
        <IconButton
          label={en.map.zoomOut}
          size="smallSquare"
          className="rounded-none"
          onClick={() => by(1 / 1.8)}
          disabled={zoom.k === 1}
        >
          <Minus aria-hidden="true" className="size-3.5" />
        </IconButton>
        {zoom.k > 1 && (
          <IconButton label={en.map.zoomReset} size="smallSquare" className="rounded-none" onClick={reset}>
            <RotateCcw aria-hidden="true" className="size-3.5" />
          </IconButton>
        )}
      </div>
    </div>
  );
}

function Ground({
  land,
  borders,
  zoom,
}: {
  land: string;
  borders: string;
  zoom: { k: number; x: number; y: number };
}) {
  return (
    <g transform={`translate(${zoom.x} ${zoom.y}) scale(${zoom.k})`}>
      <path d={land} className="fill-land" />
      <path
        d={borders}
        className="fill-none stroke-land-line"
        strokeWidth={0.6}
        vectorEffect="non-scaling-stroke"
      />
    </g>
  );
}

/** Cells with their place and size; small and severe ones are drawn last, so that none hides another's middle. */
function place(cells: GridCell[], { project, width }: WorldView): PlacedCell[] {
  const least = minRadius(width);
  const most = cells.reduce((max, cell) => Math.max(max, cell.count), 1);
  return cells
    .map((cell) => {
      const [x, y] = project(cell.lat, cell.lon);
      const radius = least + (maxRadius(width) - least) * Math.sqrt(cell.count / most);
      return {
        ...cell,
        key: cellKey(cell.lat, cell.lon),
        x,
        y,
        radius: cell.count === 1 ? least : radius,
      };
    })
    .sort((a, b) => b.radius - a.radius || severityRank(a.severity) - severityRank(b.severity));
}
