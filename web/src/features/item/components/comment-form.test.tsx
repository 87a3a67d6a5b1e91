import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api, type Request } from "@/lib/api/http";
import { TestScreen } from "@/lib/test-screen";
import { lock as words } from "@/messages/lock";
import { CommentForm } from "./comment-form";

vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.mock("@/lib/use-settled", () => ({ useSettled: <T,>(value: T) => value }));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

const PEOPLE = [
  { id: "g", name: "Grace Hopper" },
  { id: "r", name: "Greta" },
];

let screen: TestScreen;
let asked: string[];
let sent: unknown[];

beforeEach(async () => {
  [asked, sent] = [[], []];
  vi.mocked(api).mockImplementation(async (path: string, { method, body }: Request = {}) => {
    if (method === "POST") {
      sent.push(body);
      return {};
    }
    if (!path.startsWith("/api/people")) return { id: "me", name: "Me", role: "analyst" };
    const letters = decodeURIComponent(path.split("q=")[1] ?? "");
    asked.push(letters);
    return PEOPLE.filter(({ name }) => name.startsWith(letters));
  });
  screen = new TestScreen();
  await screen.show(<CommentForm room="item:a" />);
});
afterEach(() => screen.close());

const field = () => screen.field(words.comment);
const options = () => [...screen.page.querySelectorAll("[role=option]")];
const active = () => screen.page.querySelector("[role=option][aria-selected=true]");

async function type(text: string) {
  await screen.fill(words.comment, text);
  await screen.settle();
}

async function press(key: string): Promise<KeyboardEvent> {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  await act(async () => {
    field().dispatchEvent(event);
  });
  await screen.settle();
  return event;
}

it("offers whom an @ can mean, for the keyboard and for who does not see it", async () => {
  expect(field().getAttribute("role")).toBe("combobox");
  await type("look, Gr");
  expect([asked, field().getAttribute("aria-expanded")]).toEqual([[], "false"]);
  await type("look, @Gr");
  expect(asked).toEqual(["Gr"]);
  expect(options().map((option) => option.textContent)).toEqual([
    expect.stringContaining("Grace Hopper"),
    expect.stringContaining("Greta"),
  ]);
  expect(field().getAttribute("aria-expanded")).toBe("true");
  expect(field().getAttribute("aria-controls")).toBe(screen.page.querySelector("[role=listbox]")?.id);
  expect(screen.text("[role=status]")).toContain("2 colleagues");
  expect(field().getAttribute("aria-activedescendant")).toBe(options()[0]?.id);
  await press("ArrowDown");
  expect(field().getAttribute("aria-activedescendant")).toBe(options()[1]?.id);
  await press("ArrowDown");
  await press("ArrowUp");
  expect(active()).toBe(options()[1]);
});

it("Enter takes the name and does not send; sent are those whose names still stand there", async () => {
  await type("@Gr");
  await press("ArrowDown");
  expect((await press("Enter")).defaultPrevented).toBe(true);
  expect([field().value, options().length]).toEqual(["@Greta ", 0]);
  await type("@Greta look");
  expect(options()).toEqual([]);
  expect((await press("Enter")).defaultPrevented).toBe(false);
  await screen.submit();
  expect(sent).toEqual([{ text: "@Greta look", mentions: ["r"] }]);
});

it("Escape closes the list and leaves the text; typing opens it again; a click takes one", async () => {
  await type("@G");
  expect((await press("Escape")).defaultPrevented).toBe(true);
  expect([field().value, options().length]).toEqual(["@G", 0]);
  expect((await press("Escape")).defaultPrevented).toBe(false);
  await type("@Gra");
  await act(async () => (options()[0] as HTMLElement).click());
  expect(field().value).toBe("@Grace Hopper ");
});

it("without an @ the arrows are the field's own", async () => {
  await type("nobody");
  expect((await press("ArrowUp")).defaultPrevented).toBe(false);
});
