"use client";
import { Panel } from "@/components/ui/panel";
import type { Item } from "@/lib/api/types";
import { en } from "@/messages/en";
import { lock as words } from "@/messages/lock";
import { useItemEditing } from "../hooks/use-item-editing";
import { useLiveMark } from "../hooks/use-live-mark";
import { ActivityFeed } from "./activity-feed";
import { CommentForm } from "./comment-form";
import { CursorArea } from "./cursor-area";
import { EditPanel } from "./edit-panel";
import { ItemFacts } from "./item-facts";
import { ItemHead } from "./item-head";
import { ItemPlace } from "./item-place";
import { Judgement } from "./judgement";
import { Links } from "./links";
import { LockBanner } from "./lock-banner";
import { LockRequest } from "./lock-request";
import { Named } from "./named";
import { RawRecord } from "./raw-record";
import { RiskTable } from "./risk-table";

/** All that is known of an item: what was said, what we make of it and why, and what the desk does with it. */
export function ItemView({ item }: { item: Item }) {
  const mark = useLiveMark(item);
  const editing = useItemEditing(item);
  const room = `item:${item.id}`;
  return (
    <article className="flex flex-col gap-3 lg:grid lg:grid-cols-[minmax(0,1fr)_21rem] lg:items-start">
      <LockBanner editing={editing} />
      <LockRequest editing={editing} />
      <div className="flex min-w-0 flex-col gap-3 max-lg:contents">
        <CursorArea room={room} className="max-lg:-order-2">
          <ItemHead item={item} mark={mark} />
        </CursorArea>
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
        <EditPanel editing={editing} />
        <Links item={item} />
        <Panel id="place" title={en.item.place}>
          <ItemPlace item={item} />
        </Panel>
        <Panel id="details" title={en.item.details} bodyClass="p-4">
          <ItemFacts item={item} />
        </Panel>
        <Panel id="activity" title={words.activity} bodyClass="p-4">
          {editing.me && editing.me.role !== "viewer" && <CommentForm room={room} />}
          <ActivityFeed room={room} />
        </Panel>
      </div>
    </article>
  );
}
