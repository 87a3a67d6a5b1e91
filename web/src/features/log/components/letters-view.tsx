"use client";
import { useInfiniteQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useState } from "react";
import { Age } from "@/components/domain/age";
import { Button } from "@/components/ui/button";
import { QueryList } from "@/components/ui/query-list";
import { Split, Unchosen } from "@/components/ui/split";
import type { Letter } from "@/lib/api/log-types";
import { cx } from "@/lib/cx";
import { log } from "@/messages/log";
import { type LetterFilter, lettersQuery } from "../api/log";
import { placeQuery, useLogPlace } from "../hooks/use-log-place";
import { BulkDialog } from "./bulk-dialog";
import { LetterDetailPanel } from "./letter-detail";
import { LetterFilterFields, UNDECIDED } from "./letter-filter";
import { StatusBadge } from "./status-badge";
import { StrandedPanel } from "./stranded-panel";

/** Dead letters: filtered, looked into, replayed and discarded. Before them the records that never reached the log. */
export function LettersView() {
  const [place] = useLogPlace();
  const [filter, setFilter] = useState<LetterFilter>({ status: UNDECIDED });
  const [bulk, setBulk] = useState<"replay" | "discard" | null>(null);
  const query = useInfiniteQuery(lettersQuery(filter));
  const letters = query.data?.pages.flatMap(({ items }) => items);
  const total = query.data?.pages[0]?.total ?? 0;
  // Only what nobody has decided about; parked ones when asked for in the dialog.
  const canDecide = total > 0 && (filter.status === UNDECIDED || filter.status === "waiting");
  return (
    <>
      <div className={cx(place.letter !== null && "max-lg:hidden")}>
        <StrandedPanel />
        <LetterFilterFields filter={filter} onChange={setFilter} />
      </div>
      <Split
        chosen={place.letter !== null}
        back={`/log${placeQuery({ view: "letters" })}`}
        list={
          <>
            <div className="mb-2 flex min-h-8 flex-wrap items-center gap-2">
              <p role="status" className="tabular mr-auto text-[13px] text-ink-2">
                {letters && log.letterCount(total)}
              </p>
              <Button size="small" disabled={!canDecide} onClick={() => setBulk("replay")}>
                {log.replayMany}
              </Button>
              <Button size="small" disabled={!canDecide} onClick={() => setBulk("discard")}>
                {log.discardMany}
              </Button>
            </div>
            <QueryList
              query={{ ...query, data: letters && { items: letters } }}
              empty={{ title: log.noLetters, text: log.noLettersText }}
            >
              {(letter) => (
                <LetterRow key={letter.offset} letter={letter} chosen={letter.offset === place.letter} />
              )}
            </QueryList>
            {query.hasNextPage && (
              <Button
                className="mt-3 w-full"
                disabled={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                {log.older}
              </Button>
            )}
          </>
        }
        detail={
          place.letter === null ? (
            <Unchosen text={log.chooseLetter} />
          ) : (
            <LetterDetailPanel key={place.letter} offset={place.letter} />
          )
        }
      />
      {bulk && <BulkDialog action={bulk} filter={filter} onClose={() => setBulk(null)} />}
    </>
  );
}

function LetterRow({ letter, chosen }: { letter: Letter; chosen: boolean }) {
  return (
    <li data-letter={letter.offset} className="border-line border-b">
      <Link
        href={`/log${placeQuery({ view: "letters", letter: letter.offset })}`}
        scroll={false}
        aria-current={chosen ? "true" : undefined}
        className={cx("block px-4 py-3 transition-colors hover:bg-hover", chosen && "bg-accent-soft")}
      >
        <span className="flex items-center gap-2 text-xs">
          <StatusBadge status={letter.status} />
          <span className="min-w-0 truncate font-semibold text-[13px]">{letter.error_class}</span>
          <Age at={letter.last_failed_at} className="tabular ml-auto shrink-0 text-ink-3" />
        </span>
        <span className="mt-1 line-clamp-2 break-words text-[13px] text-ink-2">{letter.message}</span>
        <span className="tabular mt-1 block truncate text-ink-3 text-xs">
          {letter.topic === null
            ? log.foreign
            : log.fromPlace(letter.topic, letter.partition, letter.origin_offset)}
          {letter.consumer && ` · ${letter.consumer}`}
        </span>
      </Link>
    </li>
  );
}
