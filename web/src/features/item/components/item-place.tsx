"use client";
import dynamic from "next/dynamic";
import type { Item } from "@/lib/api/types";
import { placeName } from "@/lib/headline";
import { en, precisionName } from "@/messages/en";
import { Reasons, share } from "./judgement";

const PlaceMap = dynamic(() => import("./place-map").then((module) => module.PlaceMap), {
  ssr: false,
  loading: () => <div className="aspect-[16/9] bg-sea" />,
});

/** Where it happened, how exactly that is known, and why we think so. */
export function ItemPlace({ item }: { item: Item }) {
  const place = item.location;
  if (!place) return <p className="p-4 text-[13px] text-ink-3">{en.item.noPlace}</p>;
  return (
    <>
      <div className="aspect-[16/9]">
        <PlaceMap place={place} severity={item.severity} />
      </div>
      <div className="flex flex-col gap-2 border-line border-t p-4 text-[13px]">
        <p className="font-medium">{placeName(item)}</p>
        <p className="tabular text-ink-3 text-xs">
          {place.admin1 && `${place.admin1} · `}
          {place.lat.toFixed(3)}°, {place.lon.toFixed(3)}°
        </p>
        <p className="text-ink-2 text-xs">
          {en.item.precision(precisionName[place.precision])} · {en.item.confidence(share(place.confidence))}
        </p>
        <Reasons why={place.why} />
      </div>
    </>
  );
}
