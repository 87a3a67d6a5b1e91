import { HazardLabel } from "@/components/domain/hazard-icon";
import { SeverityMark } from "@/components/domain/severity-mark";
import { en } from "@/messages/en";
import type { PlacedCell } from "./map-cell";

const TIP_PX = 176;

/** What a mark stands for, beside it. The mark's own label says the same to a screen reader. */
export function MapTip({ cell, x, y, width }: { cell: PlacedCell; x: number; y: number; width: number }) {
  const left = Math.min(Math.max(x - TIP_PX / 2, 4), width - TIP_PX - 4);
  const below = y < 90;
  return (
    <div
      aria-hidden="true"
      style={{ left, top: below ? y + cell.radius + 8 : y - cell.radius - 8, width: TIP_PX }}
      className={`pointer-events-none absolute z-10 rounded-md border border-line bg-panel px-2.5 py-2 text-xs shadow-pop ${below ? "" : "-translate-y-full"}`}
    >
      <p className="tabular font-semibold">{en.items(cell.count)}</p>
      <div className="mt-1 flex items-center justify-between gap-2 text-ink-2">
        <SeverityMark severity={cell.severity} />
        <HazardLabel hazard={cell.hazard} />
      </div>
    </div>
  );
}
