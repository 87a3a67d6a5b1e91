import { InfiniteQueryObserver, infiniteQueryOptions, QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keys } from "@/lib/api/keys";
import type { Item, Page, RoomEvent } from "@/lib/api/types";
import { keepListsCaughtUp, markedPage } from "./catch-up";
import { at, changed, created, idsOf, item } from "./fixtures";
import type { ItemPage, Pages } from "./item-pages";
import { journal } from "./journal";
import { patchCache } from "./patch";

const KEY = keys.itemList({});
const row = (second: number) => item(`i${second}`, { timestamp: at(second) });
let cache: QueryClient;
let stop: () => void;
let asked: { cursor: string | null; answer: (items: Item[], total: number, next: string | null) => void }[];
let observer: InfiniteQueryObserver<ItemPage, Error, Pages, typeof KEY, string | null>;
const data = () => cache.getQueryData<Pages>(KEY);
const turn = () => new Promise((done) => setTimeout(done));

function happens(event: RoomEvent) {
  journal.add(event);
  patchCache(cache, [event], 0);
}

beforeEach(async () => {
  asked = [];
  cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  stop = keepListsCaughtUp(cache);
  const options = infiniteQueryOptions({
    queryKey: KEY,
    initialPageParam: null as string | null,
    getNextPageParam: (page: ItemPage) => page.next,
    queryFn: ({ pageParam: cursor }) =>
      markedPage(
        () =>
          new Promise<Page<Item>>((done) => {
            asked.push({ cursor, answer: (items, total, next) => done({ items, total, next }) });
          }),
      ),
  });
  observer = new InfiniteQueryObserver(cache, options);
  const unsubscribe = observer.subscribe(() => undefined);
  const stopCatchingUp = stop;
  stop = () => {
    unsubscribe();
    stopCatchingUp();
  };
});
afterEach(() => stop());

async function firstPage() {
  asked[0]?.answer([row(30), row(20)], 4, "20");
  await turn();
}

describe("a list, once a fetch has resolved", () => {
  it("has what came while the first page was on its way, and not what a later page brings", async () => {
    journal.add(created(row(31)));
    journal.add(created(row(15)));
    await firstPage();
    expect(idsOf(data())).toEqual(["i31", "i30", "i20"]);
  });

  it("has what came and what changed while an older page was on its way", async () => {
    await firstPage();
    const more = observer.fetchNextPage();
    await turn();
    expect(asked[1]?.cursor).toBe("20");
    happens(created(row(40)));
    happens(changed("i30", { status: "verified" }, 2));
    expect(idsOf(data())).toEqual(["i40", "i30", "i20"]);
    asked[1]?.answer([row(10), row(5)], 4, null);
    await more;
    expect(idsOf(data())).toEqual(["i40", "i30", "i20", "i10", "i5"]);
    expect(data()?.pages[0]?.items[1]?.status).toBe("verified");
    expect(data()?.pages[0]?.total).toBe(5);
  });

  it("has what had come but was not yet on the screen when the older page was asked for", async () => {
    await firstPage();
    const late = created(row(40));
    journal.add(late);
    const more = observer.fetchNextPage();
    await turn();
    patchCache(cache, [late], 0);
    asked[1]?.answer([row(10)], 4, null);
    await more;
    expect(idsOf(data())).toEqual(["i40", "i30", "i20", "i10"]);
    expect(data()?.pages[0]?.total).toBe(4);
  });

  it("has an old-dated new item once, where the next page brings it", async () => {
    await firstPage();
    happens(created(row(15)));
    expect(idsOf(data())).toEqual(["i30", "i20"]);
    const more = observer.fetchNextPage();
    await turn();
    asked[1]?.answer([row(15), row(10)], 5, null);
    await more;
    expect(idsOf(data())).toEqual(["i30", "i20", "i15", "i10"]);
    expect(data()?.pages[0]?.total).toBe(5);
  });

  it("has no row twice when an older page repeats one", async () => {
    await firstPage();
    const more = observer.fetchNextPage();
    await turn();
    asked[1]?.answer([row(20), row(10)], 3, null);
    await more;
    expect(idsOf(data())).toEqual(["i30", "i20", "i10"]);
  });

  it("has what came while all its pages were fetched again", async () => {
    await firstPage();
    const more = observer.fetchNextPage();
    await turn();
    asked[1]?.answer([row(10)], 3, null);
    await more;
    const again = observer.refetch();
    await turn();
    asked[2]?.answer([row(30), row(20)], 3, "20");
    await turn();
    happens(created(row(35)));
    asked[3]?.answer([row(10)], 3, null);
    await again;
    expect(idsOf(data())).toEqual(["i35", "i30", "i20", "i10"]);
  });
});
