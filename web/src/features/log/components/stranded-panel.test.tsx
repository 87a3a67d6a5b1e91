import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api, type Request } from "@/lib/api/http";
import type { StrandedRecord } from "@/lib/api/log-types";
import { ApiError } from "@/lib/api/problem";
import { en } from "@/messages/en";
import { log } from "@/messages/log";
import { StrandedPanel } from "./stranded-panel";

const screen = vi.hoisted(() => ({ wide: true }));
vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.mock("@/lib/use-media", () => ({ useMedia: () => screen.wide }));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

const record = (seq: number): StrandedRecord => ({
  seq,
  topic: "raw-items",
  key: `gdacs:${seq}`,
  bytes: 12,
  reason: "larger than the topic takes",
  published_at: "2026-01-01T00:00:00Z",
  stranded_at: "2026-01-01T00:00:01Z",
});

let root: Root;
let page: HTMLElement;
/** What the server has; null where it fails. */
let kept: StrandedRecord[] | null;
let total: number | undefined;
let posted: [string, unknown][];
/** The server's answer to a decision, where it refuses it. */
let refusal: ApiError | null;

beforeEach(() => {
  screen.wide = true;
  kept = [record(7), record(8)];
  total = undefined;
  posted = [];
  refusal = null;
  vi.mocked(api).mockImplementation(async (path: string, { method, body }: Request = {}) => {
    if (method !== "POST") {
      if (kept === null) throw new ApiError(500, { title: "Broken", detail: "the store is away" });
      return { items: kept, total: total ?? kept.length, next: null };
    }
    posted.push([path, body]);
    if (refusal) throw refusal;
    kept = (kept ?? []).filter(({ seq }) => !path.includes(`/${seq}/`));
    return undefined;
  });
  page = document.body.appendChild(document.createElement("main"));
  root = createRoot(page);
});

afterEach(async () => {
  await act(async () => root.unmount());
  page.remove();
});

/** Until what was begun is done: a few turns of the timers, however long they take. */
async function settle() {
  for (let turn = 0; turn < 10; turn++) await act(async () => new Promise((done) => setTimeout(done)));
}

async function show() {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  await act(async () =>
    root.render(
      <QueryClientProvider client={client}>
        <StrandedPanel />
      </QueryClientProvider>,
    ),
  );
  await settle();
}

const rows = () =>
  [...page.querySelectorAll<HTMLElement>("[data-stranded]")].map(({ dataset }) => dataset.stranded);
const dialog = () => page.querySelector("dialog");

function button(name: string, within: ParentNode | null = page): HTMLButtonElement {
  const all = [...(within?.querySelectorAll("button") ?? [])];
  const found = all.find((each) => (each.getAttribute("aria-label") ?? each.textContent) === name);
  if (!found) throw new Error(`no button ${name}`);
  return found;
}

async function click(name: string, within?: ParentNode | null) {
  await act(async () => button(name, within).click());
  await settle();
}

async function giveReason(text: string) {
  const input = dialog()?.querySelector("input");
  if (!input) throw new Error("the dialog asks for no reason");
  await act(async () => {
    // Past React's own setter, as a browser does it.
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(input, text);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

it("shows nothing where nothing is stranded", async () => {
  kept = [];
  await show();
  expect(vi.mocked(api).mock.lastCall?.[0]).toBe("/api/dlq/stranded");
  expect(page.textContent).toBe("");
});

it("lists records in a table, on a phone as cards, and says how many more there are", async () => {
  total = 1_002;
  await show();
  expect(rows()).toEqual(["7", "8"]);
  expect(page.querySelectorAll("table")).toHaveLength(1);
  for (const text of [log.strandedText, "1,002 records", "raw-items", "gdacs:7", record(7).reason]) {
    expect(page.textContent).toContain(text);
  }
  expect(page.textContent).toContain("and 1,000 more");
  screen.wide = false;
  await show();
  expect(rows()).toEqual(["7", "8"]);
  expect(page.querySelector("table")).toBeNull();
  expect(page.textContent).toContain("raw-items · gdacs:7");
});

it("says what went wrong where it cannot be told, and tries again", async () => {
  kept = null;
  await show();
  expect(page.querySelector('[role="alert"]')?.textContent).toContain("the store is away");
  kept = [record(7)];
  await click(en.retry);
  expect(rows()).toEqual(["7"]);
});

it("sends a record again when asked twice", async () => {
  await show();
  await click("Send again: Record 7");
  expect(posted).toEqual([]);
  await click(log.sendAgain, dialog());
  expect(posted).toEqual([["/api/dlq/stranded/7/send", undefined]]);
  expect(dialog()).toBeNull();
  expect(rows()).toEqual(["8"]);
});

it("drops a record for a reason only", async () => {
  await show();
  await click("Drop…: Record 8");
  expect(button(log.drop, dialog()).disabled).toBe(true);
  await giveReason("  ");
  expect(button(log.drop, dialog()).disabled).toBe(true);
  await giveReason("a trial");
  await click(log.drop, dialog());
  expect(posted).toEqual([["/api/dlq/stranded/8/drop", { reason: "a trial" }]]);
  expect(dialog()).toBeNull();
  expect(rows()).toEqual(["7"]);
});

it("says why a decision could not be made, also where somebody else made it", async () => {
  await show();
  await click("Send again: Record 7");
  refusal = new ApiError(404, { title: "Not found", detail: "no such stranded record" });
  kept = [];
  await click(log.sendAgain, dialog());
  expect(dialog()?.querySelector('[role="alert"]')?.textContent).toContain("no such stranded record");
  expect(rows()).toEqual([]);
});
