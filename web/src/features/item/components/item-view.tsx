"use client";
import { Panel } from "@/components/ui/panel";
import type { Item } from "@/lib/api/types";
import { en } from "@/messages/en";
import { useLiveMark } from "../hooks/use-live-mark";
import { ItemFacts } from "./item-facts";
import { ItemHead } from "./item-head";
import { ItemPlace } from "./item-place";
import { Judgement } from "./judgement";
import { Links } from "./links";
import { Named } from "./named";
import { PresentPeople } from "./present-people";
import { RawRecord } from "./raw-record";
import { RiskTable } from "./risk-table";
import { StatusButtons } from "./status-buttons";

/** All that is known of an item: what was said, what we make of it and why, and what the desk does with it. */
export function ItemView({ item }: { item: Item }) {
  const mark = useLiveMark(item);
  return (
    <article className="flex flex-col gap-3 lg:grid lg:grid-cols-[minmax(0,1fr)_21rem] lg:items-start">
      <div className="flex min-w-0 flex-col gap-3 max-lg:contents">
        <ItemHead item={item} mark={mark} />
        <Panel id="judgement" title={en.item.why} bodyClass="p-4">
          <Judgement item={item} />
        </Panel>
        <Panel id="risk" title={en.item.risk} bodyClass="p-4">
          <RiskTable item={item} />
        </Panel>
        <Named item={item} />
        <RawRecord data={item.raw_data} />
      </div>
      <div className="flex min-w-0 flex-col gap-3 max-lg:contents">
        <Panel id="status" title={en.item.status} className="max-lg:-order-1" bodyClass="p-4">
          <StatusButtons item={item} />
          <PresentPeople id={item.id} />
        </Panel>
        <Links item={item} />
        <Panel id="place" title={en.item.place}>
          <ItemPlace item={item} />
        </Panel>
        <Panel id="details" title={en.item.details} bodyClass="p-4">
          <ItemFacts item={item} />
        </Panel>
      </div>
    </article>
  );
}
