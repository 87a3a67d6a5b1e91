"use client";
import { useQuery } from "@tanstack/react-query";
import { ChevronDown, ChevronUp } from "lucide-react";
import dynamic from "next/dynamic";
import { useState } from "react";
import { SeverityShape } from "@/components/domain/severity-mark";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { Failed } from "@/components/ui/states";
import { type BoundingBox, type ItemFilter, without } from "@/lib/api/filter";
import { SEVERITIES } from "@/lib/api/types";
import { useMedia } from "@/lib/use-media";
import { en, severityName } from "@/messages/en";
import { gridQuery } from "../api/items";

/** Width over height of the map, so that its place is kept while it loads. */
const MAP_BOX = "aspect-[2.32]";

const WorldMap = dynamic(() => import("./world-map").then((module) => module.WorldMap), {
  ssr: false,
  loading: () => <div className={MAP_BOX} />,
});

/** Where the items are. Choosing a mark narrows the list to it, choosing it again widens it. */
export function MapPanel({ filter, onChange }: { filter: ItemFilter; onChange: (next: ItemFilter) => void }) {
  const wide = useMedia("(min-width: 1024px)");
  const [open, setOpen] = useState(true);
  // The API counts cells without regard to the search words, and the head says so.
  const query = useQuery(gridQuery(without(without(filter, "bbox"), "q")));
  const choose = (box: BoundingBox) => {
    const again = filter.bbox?.join() === box.join();
    onChange(again ? without(filter, "bbox") : { ...filter, bbox: box });
  };
  const shown = open || wide;
  return (
    <Panel
      id="map"
      title={en.map.title}
      note={
        query.data && (
          <span className="tabular">
            {filter.q ? en.map.allWords : en.map.located(query.data.located, query.data.total)}
          </span>
        )
      }
      className="shrink-0"
      actions={
        <Button look="quiet" className="lg:hidden" aria-expanded={shown} onClick={() => setOpen(!open)}>
          {open ? (
            <ChevronUp aria-hidden="true" className="size-3.5" />
          ) : (
            <ChevronDown aria-hidden="true" className="size-3.5" />
          )}
          {open ? en.map.hide : en.map.show}
        </Button>
      }
    >
      {shown && query.isError && !query.data && (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      )}
      {shown && !(query.isError && !query.data) && (
        <>
          <div className={MAP_BOX}>
            <WorldMap cells={query.data?.cells ?? []} chosen={filter.bbox} onChoose={choose} />
          </div>
          <Legend />
        </>
      )}
    </Panel>
  );
}

function Legend() {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 border-line border-t px-3.5 py-1.5 text-2xs text-ink-3">
      <span>{en.map.legend}</span>
      {SEVERITIES.map((severity) => (
        <span key={severity} className="inline-flex items-center gap-1 text-ink-2">
          <SeverityShape severity={severity} className="size-2.5" />
          {severityName[severity]}
        </span>
      ))}
    </div>
  );
}
