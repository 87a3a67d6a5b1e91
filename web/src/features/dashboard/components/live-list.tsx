"use client";
import { useInfiniteQuery } from "@tanstack/react-query";
import { ArrowUp, Pause, Play } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failed } from "@/components/ui/states";
import { type ItemFilter, isEmpty } from "@/lib/api/filter";
import { flattened } from "@/lib/realtime/item-pages";
import { useHotkeys } from "@/lib/use-hotkeys";
import { useMedia } from "@/lib/use-media";
import { en } from "@/messages/en";
import { itemListQuery } from "../api/items";
import { useFresh } from "../hooks/use-fresh";
import { useHeld } from "../hooks/use-held";
import { useListKeys } from "../hooks/use-list-keys";
import { useWindow } from "../hooks/use-window";
import { ItemRow } from "./item-row";
import { ListEnd } from "./list-end";

const ROW_PX = 60;
const NARROW_ROW_PX = 84;

/** Items as they come, newest first. It holds still while someone reads further down, or by choice. */
export function LiveList({ filter, onClear }: { filter: ItemFilter; onClear: () => void }) {
  const query = useInfiniteQuery(itemListQuery(filter));
  const items = useMemo(() => (query.data ? flattened(query.data) : []), [query.data]);
  const list = useRef<HTMLOListElement>(null);
  const height = useMedia("(min-width: 640px)") ? ROW_PX : NARROW_ROW_PX;
  const [paused, setPaused] = useState(false);
  const [away, setAway] = useState(false);
  const { visible, waiting, release } = useHeld(items, paused || away);
  const view = useWindow(list, visible.length, height);
  if (view.away !== away) setAway(view.away);
  const isFresh = useFresh(items);
  const setActive = useListKeys(visible, list, height);
  useHotkeys({ p: () => setPaused((was) => !was) });
  const toTop = () => {
    release();
    list.current?.parentElement?.scrollTo({ top: 0 });
    if (list.current && list.current.getBoundingClientRect().top < 0)
      list.current.closest("section")?.scrollIntoView();
  };
  const total = query.data?.pages[0]?.total;
  const stale = query.data?.pages.find((page) => page.stale)?.stale;
  return (
    <Panel
      id="live-list"
      title={en.list.title}
      note={total !== undefined && !isEmpty(filter) && <span className="tabular">{en.items(total)}</span>}
      className="relative lg:h-full"
      bodyClass="relative lg:overflow-y-auto lg:overscroll-contain"
      actions={<PauseButton paused={paused} onToggle={() => setPaused(!paused)} />}
    >
      {stale && (
        <p role="status" className="border-line border-b px-3 py-1.5 text-ink-2 text-xs">
          {en.list.stale(stale)}
        </p>
      )}
      {waiting > 0 && <FreshButton count={waiting} onClick={toTop} />}
      {query.isPending && <SkeletonRows rows={12} rowClass={height === ROW_PX ? "h-[60px]" : "h-[84px]"} />}
      {query.isError && items.length === 0 && (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.isSuccess && items.length === 0 && <Nothing filtered={!isEmpty(filter)} onClear={onClear} />}
      <ol
        ref={list}
        aria-label={en.list.label}
        className="relative"
        style={{ height: visible.length * height }}
      >
        {visible.slice(view.first, view.end).map((item, offset) => (
          <ItemRow
            key={item.id}
            item={item}
            index={view.first + offset}
            top={(view.first + offset) * height}
            height={height}
            fresh={isFresh(item.id)}
            onFocus={setActive}
          />
        ))}
      </ol>
      {items.length > 0 && <ListEnd query={query} shown={items.length} total={total ?? 0} />}
    </Panel>
  );
}

function PauseButton({ paused, onToggle }: { paused: boolean; onToggle: () => void }) {
  const Icon = paused ? Play : Pause;
  return (
    <Button
      look={paused ? "plain" : "quiet"}
      aria-pressed={paused}
      title={en.list.pausedHint}
      onClick={onToggle}
    >
      <Icon aria-hidden="true" className="size-3.5" />
      {paused ? en.list.resume : en.list.pause}
    </Button>
  );
}

function FreshButton({ count, onClick }: { count: number; onClick: () => void }) {
  return (
    <div className="pointer-events-none sticky top-2 z-10 flex h-0 justify-center md:top-16 lg:top-2">
      <Button
        look="primary"
        className="pointer-events-auto tabular rounded-full px-3.5 shadow-pop"
        onClick={onClick}
      >
        <ArrowUp aria-hidden="true" className="size-3.5" />
        {en.list.fresh(count)}
      </Button>
    </div>
  );
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (!filtered) return <Empty title={en.list.emptyTitle} text={en.list.emptyText} />;
  return (
    <Empty
      title={en.list.noneTitle}
      text={en.list.noneText}
      action={<Button onClick={onClear}>{en.filters.clear}</Button>}
    />
  );
}
