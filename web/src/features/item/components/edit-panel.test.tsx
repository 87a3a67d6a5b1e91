import { CrisisClient } from "@crisislens/client";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api, type Request } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import { ApiError } from "@/lib/api/problem";
import type { Item } from "@/lib/api/types";
import { item as anItem } from "@/lib/realtime/fixtures";
import { lock as words } from "@/messages/lock";
import { FakeLocks, RESOURCE } from "../../../../packages/client/src/fake-locks";
import { FakeSocket } from "../../../../packages/client/src/fakes";
import { useItemEditing } from "../hooks/use-item-editing";
import { EditPanel } from "./edit-panel";
import { LockBanner } from "./lock-banner";
import { LockRequest } from "./lock-request";

const desk = vi.hoisted(() => ({ client: undefined as unknown }));
vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.mock("@/lib/realtime/provider", () => ({ useRealtime: () => desk.client }));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

const ID = RESOURCE.slice("item:".length);
let root: Root;
let page: HTMLElement;
let socket: FakeSocket;
let locks: FakeLocks;
let role: string;
let saved: [unknown, Record<string, string> | undefined][];
let item: Item;

function Desk() {
  const editing = useItemEditing(item);
  return (
    <>
      <LockBanner editing={editing} />
      <LockRequest editing={editing} />
      <EditPanel editing={editing} />
    </>
  );
}

beforeEach(() => {
  window.sessionStorage.clear();
  locks = new FakeLocks();
  role = "analyst";
  saved = [];
  item = anItem(ID, { tags: ["river"], version: 3 });
  desk.client = new CrisisClient({
    url: "https://crisis.example",
    token: "t",
    fetch: locks.fetch,
    openSocket: (address, protocols) => {
      socket = new FakeSocket(address, protocols);
      return socket;
    },
  });
  // As the server checks a write: by the lock's token.
  vi.mocked(api).mockImplementation(async (_: string, { method, body, headers }: Request = {}) => {
    if (method !== "PATCH") return { id: "u", name: "Una", role };
    const carried = headers?.["lock-token"];
    saved.push([body, headers]);
    if (carried !== undefined && Number(carried) !== locks.token)
      throw new ApiError(412, { detail: "stale" });
    if (carried === undefined && locks.present()) throw new ApiError(409, { detail: "held" });
    return { ...item, ...(body as Partial<Item>), version: item.version + 1 };
  });
  page = document.body.appendChild(document.createElement("main"));
});

afterEach(async () => {
  await act(async () => root.unmount());
  (desk.client as CrisisClient).disconnect();
  page.remove();
});

async function settle() {
  for (let turn = 0; turn < 10; turn++) await act(async () => new Promise((done) => setTimeout(done)));
}

async function show() {
  root = createRoot(page);
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  cache.setQueryData(keys.presence(RESOURCE), [{ user_id: "v", name: "V" }]);
  await act(async () =>
    root.render(
      <QueryClientProvider client={cache}>
        <Desk />
      </QueryClientProvider>,
    ),
  );
  (desk.client as CrisisClient).connect();
  await settle();
  await act(async () => {
    socket.hello();
    socket.joined(RESOURCE, "q0");
  });
  await settle();
}

const names = () => [...page.querySelectorAll("button")].map(({ textContent }) => textContent);
const tags = () => page.querySelector<HTMLInputElement>("#draft-tags");

async function click(name: string) {
  const found = [...page.querySelectorAll("button")].find(({ textContent }) => textContent === name);
  if (!found) throw new Error(`no button ${name} among ${names()}`);
  await act(async () => found.click());
  await settle();
}

async function type(text: string) {
  await act(async () => {
    // Past React's own setter, as a browser does it.
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(tags(), text);
    tags()?.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

async function tell(...update: Parameters<FakeLocks["update"]>) {
  await act(async () => socket.say({ ...locks.update(...update) }));
  await settle();
}

it("editing takes the lock, saving sends its token with the version, and gives it back", async () => {
  await show();
  await click(words.edit);
  expect(locks.lock?.holder).toMatchObject({ user_id: "u", connection: "s" });
  await type("river, flood");
  await click(words.save);
  expect(saved).toEqual([[{ tags: ["river", "flood"] }, { "if-match": '"3"', "lock-token": "1" }]]);
  expect(locks.lock).toBeNull();
  expect(tags()).toBeNull();
  expect(Object.keys(window.sessionStorage)).toEqual([]);
  expect(document.activeElement?.textContent).toBe(words.edit);
});

it("cancelling gives the lock back and sends nothing", async () => {
  await show();
  await click(words.edit);
  await type("flood");
  await click(words.cancel);
  expect(saved).toEqual([]);
  expect(locks.lock).toBeNull();
  expect(tags()).toBeNull();
});

it("while somebody else edits nothing can be saved, and the lock can be asked for", async () => {
  locks.as("v");
  await show();
  expect(page.querySelector("[data-lock]")?.textContent).toContain(words.heldBy("V"));
  expect(names()).not.toContain(words.edit);
  expect(names()).not.toContain(words.takeOver);
  for (const button of page.querySelectorAll("fieldset button"))
    expect(button).toHaveProperty("disabled", true);
  await click(words.ask);
  expect(locks.lock?.request?.user_id).toBe("u");
  expect(page.textContent).toContain(words.asked("V"));
  locks.lock = null;
  await tell("released", "v");
  expect(tags()?.value).toBe("river");
  expect(names()).toContain(words.save);
});

it("a lock that is lost keeps the draft, over a reload too, and says who has it", async () => {
  role = "approver";
  await show();
  await click(words.edit);
  await type("river, flood");
  locks.as("v");
  await tell("forced");
  expect(page.querySelector("[data-lost]")?.textContent).toContain(words.lost("forced", "V"));
  expect(page.querySelector("[data-lost]")?.textContent).toContain(words.draftKept);
  expect(names()).not.toContain(words.save);
  expect(tags()?.value).toBe("river, flood");
  await act(async () => root.unmount());
  await show();
  expect(tags()?.value).toBe("river, flood");
  expect(page.querySelector("[data-lost]")?.textContent).toContain(words.hasIt("V"));
  await click(words.takeOver);
  expect(locks.lock?.holder.user_id).toBe("u");
  await click(words.save);
  expect(saved.at(-1)).toEqual([{ tags: ["river", "flood"] }, { "if-match": '"3"', "lock-token": "3" }]);
});

it("a write with a token that holds no more is refused, and the draft is kept", async () => {
  await show();
  await click(words.edit);
  await type("flood");
  locks.as("v");
  await click(words.save);
  expect(saved).toHaveLength(1);
  expect(page.querySelector("[data-lost]")?.textContent).toContain(words.hasIt("V"));
  expect(tags()?.value).toBe("flood");
  expect(page.textContent).not.toContain(words.conflict);
  expect(names()).not.toContain(words.save);
  await click(words.discard);
  expect(tags()).toBeNull();
});

it("who is asked keeps the lock or hands it over", async () => {
  await show();
  await click(words.edit);
  locks.ask("v");
  await tell("requested", "v");
  expect(page.textContent).toContain(words.asks("V"));
  await click(words.keep);
  expect(locks.lock?.request).toBeNull();
  expect(page.textContent).not.toContain(words.asks("V"));
  locks.ask("v");
  await tell("requested", "v");
  await click(words.handOver);
  expect(locks.lock).toBeNull();
  expect(page.querySelector("[data-lost]")?.textContent).toContain(words.lost("handed_over", ""));
  expect(names()).toContain(words.take);
});

it("what others changed meanwhile is shown, and only what the draft changes is sent", async () => {
  await show();
  await click(words.edit);
  await type("flood");
  item = { ...item, status: "triaged", version: 4 };
  await act(async () => root.unmount());
  await show();
  expect(page.textContent).toContain(words.changed);
  await click(words.take);
  await click(words.save);
  expect(saved).toEqual([[{ tags: ["flood"] }, { "if-match": '"4"', "lock-token": "2" }]]);
});
