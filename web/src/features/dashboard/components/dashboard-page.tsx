"use client";
import { Panel } from "@/components/ui/panel";
import { useFilter } from "@/lib/use-filter";
import { en } from "@/messages/en";
import { Counters } from "./counters";
import { FilterChips } from "./filter-chips";
import { FilterFields } from "./filter-fields";
import { FilterSheet } from "./filter-sheet";
import { LiveList } from "./live-list";
import { MapPanel } from "./map-panel";
import { OpenIncidents } from "./open-incidents";

/** Columns by width: one; list and map; filters, list and map. */
const COLUMNS =
  "grid min-h-0 min-w-0 flex-1 grid-cols-[minmax(0,1fr)] gap-3 lg:grid-rows-[auto_minmax(0,1fr)] lg:grid-cols-[minmax(0,1fr)_minmax(0,0.82fr)] xl:grid-cols-[13rem_minmax(0,1fr)_minmax(0,0.86fr)]";

/**
 * The live picture. On a wide screen everything fits the window and each column scrolls by itself; on a phone the map
 * folds above the list and the page scrolls.
 */
export function DashboardPage() {
  const [filter, setFilter] = useFilter();
  return (
    <div className="flex min-w-0 flex-1 flex-col gap-3 p-3 sm:p-4 lg:h-full lg:min-h-[36rem]">
      <h1 className="sr-only">{en.nav.dashboard}</h1>
      <Counters />
      <div className={COLUMNS}>
        <Panel
          id="filters"
          title={en.filters.title}
          className="max-xl:hidden xl:row-span-2"
          bodyClass="overflow-y-auto overscroll-contain"
        >
          <FilterFields filter={filter} onChange={setFilter} />
        </Panel>
        <div className="min-w-0 lg:col-start-2 lg:row-start-1 xl:col-start-3">
          <MapPanel filter={filter} onChange={setFilter} />
        </div>
        <div className="flex min-h-0 min-w-0 flex-col gap-2 lg:col-start-1 lg:row-span-2 lg:row-start-1 xl:col-start-2">
          <div className="flex flex-wrap items-center gap-2 xl:has-[>:only-child]:hidden">
            <div className="xl:hidden">
              <FilterSheet filter={filter} onChange={setFilter} />
            </div>
            <FilterChips filter={filter} onChange={setFilter} />
          </div>
          <div className="min-h-0 flex-1">
            <LiveList key={JSON.stringify(filter)} filter={filter} onClear={() => setFilter({})} />
          </div>
        </div>
        <div className="flex min-h-0 min-w-0 flex-col lg:col-start-2 lg:row-start-2 xl:col-start-3">
          <OpenIncidents chosen={filter.incident} />
        </div>
      </div>
    </div>
  );
}
