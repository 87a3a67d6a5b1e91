import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeEach, expect, it, vi } from "vitest";
import { en } from "@/messages/en";
import { ItemPage } from "./item-page";

const ID = "0198a7c2-5f0e-7b3a-9c1d-2e4f60718293";
const page = vi.hoisted(() => ({ search: "", rooms: [] as (string | null)[] }));
vi.mock("next/navigation", () => ({ useSearchParams: () => new URLSearchParams(page.search) }));
vi.mock("@/lib/use-filter", () => ({ backLink: () => "/dashboard" }));
vi.mock("@/lib/realtime/provider", () => ({ useRoom: (room: string | null) => page.rooms.push(room) }));

const shown = (search: string) => {
  page.search = search;
  return renderToStaticMarkup(
    <QueryClientProvider client={new QueryClient()}>
      <ItemPage />
    </QueryClientProvider>,
  );
};

beforeEach(() => {
  page.rooms = [];
});

it("says that there is no such item, and asks for no room, when the id cannot be one", () => {
  expect(shown("id=abc")).toContain(en.item.missingText);
  expect(shown("")).toContain(en.item.noId);
  expect(page.rooms).toEqual([]);
});

it("asks for the item's room by the name that the server gives it", () => {
  expect(shown(`id=${ID.toUpperCase()}`)).not.toContain(en.item.missingTitle);
  expect(page.rooms).toEqual([`item:${ID}`]);
});
