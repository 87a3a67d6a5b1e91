import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it, vi } from "vitest";
import { keys } from "@/lib/api/keys";
import type { LogView } from "@/lib/api/log-types";
import { log } from "@/messages/log";
import { HealthView } from "./health-view";

vi.mock("next/navigation", () => ({}));

function shown(outbox: LogView["outbox"]): string {
  const view: LogView = { items: [], total: 0, next: null, outbox, seen_at: null, node: "a", troubles: [] };
  const cache = new QueryClient();
  cache.setQueryData(keys.log, view);
  return renderToStaticMarkup(
    <QueryClientProvider client={cache}>
      <HealthView />
    </QueryClientProvider>,
  );
}

const marks = (html: string) => html.match(/lucide-triangle-alert/g)?.length ?? 0;

it("says quietly that nothing is spooled and nothing stranded", () => {
  const html = shown({ records: 0, spooled: 0, stranded: 0, seconds: 0 });
  expect(html).toContain("Nothing is spooled.");
  expect(html).toContain("Nothing is stranded.");
  expect(html).toContain(log.spooledText);
  expect(html).toContain(log.strandedCountText);
  expect(html).not.toContain("view=letters");
  expect(marks(html)).toBe(0);
});

it("marks what is spooled, and what is stranded with the way to it", () => {
  const spooled = shown({ records: 9, spooled: 1, stranded: 0, seconds: 1 });
  expect(spooled).toContain("1 record is spooled.");
  expect(marks(spooled)).toBe(1);
  const both = shown({ records: 9, spooled: 8, stranded: 2_000, seconds: 1 });
  expect(both).toContain("8 records are spooled.");
  expect(both).toContain("2,000 records are stranded.");
  expect(both).toContain('href="/log?view=letters"');
  expect(marks(both)).toBe(2);
});
