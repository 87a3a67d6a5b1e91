import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api, type Request } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import { TestScreen } from "@/lib/test-screen";
import { prefs } from "@/messages/notify";
import { people } from "@/messages/people";
import {
  chainWords,
  roleName,
  roleSubscriptionWords,
  rules,
  scheduleWords,
  silenceWords,
  teamSubscriptionWords,
  teamWords,
  windowWords,
} from "@/messages/rules";
import { setUp } from "@/messages/set-up";
import { RulesPage } from "./rules-page";

const params = vi.hoisted(() => ({ view: "" }));
vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.mock("next/navigation", () => ({ useSearchParams: () => new URLSearchParams(params) }));
vi.mock("@/lib/use-settled", () => ({ useSettled: <T,>(value: T) => value }));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

const ADA = "00000000-0000-0000-0000-00000000000a";
const BOB = "00000000-0000-0000-0000-00000000000b";
const EVE = "00000000-0000-0000-0000-00000000000e";
const PEOPLE = [
  { id: ADA, name: "Ada" },
  { id: BOB, name: "Bob" },
  { id: EVE, name: "Eve Adams" },
];
const team = { id: "t", version: 1, changed_at: "2026-01-01T00:00:00Z", name: "Night", members: [BOB] };

const flood = {
  id: "a",
  type: "alert",
  status: "actual",
  severity: "high",
  title: "Flood",
  message: "",
  area: "Valencia",
  country: "ES",
  hazard: "flood",
  expires: "2999-01-01T00:00:00Z",
  data: {},
};
const storm = { ...flood, id: "b", hazard: "storm", country: "PT" };
const gone = { ...flood, id: "c", type: "cancel" };
const spain = {
  id: "s",
  version: 1,
  changed_at: "2026-01-01T00:00:00Z",
  name: "Spain",
  match: { country: ["ES"], hazard: [], source: [], keyword: [], incident: [] },
};

let screen: TestScreen;
let sent: [string, unknown][];
let lists: Record<string, unknown[]>;

beforeEach(() => {
  sent = [];
  lists = { "/api/teams": [team], "/api/alerts?limit=100": [flood, storm, gone] };
  vi.mocked(api).mockImplementation(async (path: string, { method, body }: Request = {}) => {
    if (path.startsWith("/api/collaboration/activity")) return { items: [{ user: BOB, name: "Bob" }] };
    if (path.startsWith("/api/people")) return PEOPLE;
    if (!method) return { items: lists[path] ?? [], total: 0, next: null };
    sent.push([path, body]);
    if (method === "DELETE") lists["/api/teams"] = [];
    return path.endsWith("/subscriptions") ? { ...(body as object), warning: "it is the first" } : body;
  });
  screen = new TestScreen();
});
afterEach(() => screen.close());

async function show(view: string, role: string) {
  params.view = view;
  screen.cache.setQueryData(keys.me, { id: ADA, role, name: "Ada" });
  await screen.show(<RulesPage />);
}

it("who may not change the rules reads them", async () => {
  await show("teams", "analyst");
  expect(screen.text("[data-set-up=t]")).toContain("Bob");
  expect(screen.page.textContent).toContain(rules.readOnly);
  expect(screen.buttons()).toEqual([]);
  await show("", "viewer");
  expect(screen.page.textContent).toContain(silenceWords.none);
});

const press = async (key: string) => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  await act(async () => {
    screen.field(rules.addPerson).dispatchEvent(event);
  });
  await screen.settle();
  return event;
};
const offered = () => [...screen.page.querySelectorAll("[role=option]")].map((one) => one.textContent);

it("people are added to a team by name, once each", async () => {
  await show("teams", "approver");
  await screen.click(setUp.editNamed("Night"));
  await press("ArrowDown");
  expect(offered()).toEqual([expect.stringContaining("Ada"), expect.stringContaining("Eve Adams")]);
  expect(offered()[0]).toContain(people.you);
  await screen.fill(rules.addPerson, "ev");
  await screen.settle();
  expect(offered()).toHaveLength(1);
  await press("Enter");
  expect([screen.field(rules.addPerson).value, offered()]).toEqual(["", []]);
  expect(screen.buttons(screen.dialog())).toContain(rules.removeNamed("Eve Adams"));
  await screen.fill(rules.addPerson, "bob");
  await screen.settle();
  expect(screen.dialog()?.textContent).toContain(people.nobody);
  // Neither sends the form nor closes it.
  expect([(await press("Enter")).defaultPrevented, (await press("Escape")).defaultPrevented]).toEqual([
    true,
    true,
  ]);
  await screen.click(setUp.save, screen.dialog());
  expect(sent).toEqual([["/api/teams/t", { name: "Night", members: [BOB, EVE] }]]);
  await screen.click(teamWords.add);
  await screen.click(setUp.save, screen.dialog());
  expect(screen.dialog()?.textContent).toContain(rules.wantsPeople);
  expect(sent).toHaveLength(1);
});

it("a stand-in is chosen by name and can be changed, and stays when nobody else is", async () => {
  await show("schedules", "approver");
  await screen.click(scheduleWords.add);
  await screen.click(rules.addOverride);
  const choose = async (letters: string) => {
    await screen.fill(rules.who, letters);
    await screen.settle();
    await act(async () => (screen.page.querySelector("[role=option]") as HTMLElement).click());
  };
  await choose("bo");
  await vi.waitFor(() => expect(screen.field(rules.who).value).toBe("Bob"));
  await screen.fill(rules.who, "nob");
  await act(async () => screen.field(rules.who).dispatchEvent(new FocusEvent("focusout", { bubbles: true })));
  await vi.waitFor(() => expect(screen.field(rules.who).value).toBe("Bob"));
  await choose("adams");
  await vi.waitFor(() => expect(screen.field(rules.who).value).toBe("Eve Adams"));
});

it("a chain tells teams and roles, on all channels or on some", async () => {
  await show("chains", "admin");
  await screen.click(chainWords.add);
  await screen.fill(rules.name, "Critical");
  await screen.tick("Night");
  expect(screen.dialog()?.textContent).not.toContain(roleName.viewer);
  await screen.tick(rules.allChannels);
  await screen.click(setUp.save, screen.dialog());
  const step = { wait_s: 0, users: [], teams: ["t"], schedules: [], roles: [], channels: ["email"] };
  expect(sent[0]?.[1]).toMatchObject({ name: "Critical", repeat: 0, steps: [step] });
});

it("a silence without a match is saved only by who says that it is to silence every alert", async () => {
  await show("", "approver");
  await screen.click(silenceWords.add);
  expect(screen.text("[data-fitting]")).toBe(rules.fitting(2, 2));
  await screen.fill(rules.why, "a move");
  await screen.fill(rules.until, "2999-01-02T03:04");
  await screen.click(setUp.save, screen.dialog());
  expect(sent).toEqual([]);
  expect(screen.text("dialog [role=alert]")).toContain("silences every alert until 2 Jan 2999");
  expect(document.activeElement).toBe(screen.field(rules.silenceAll));
  await screen.tick(rules.silenceAll);
  // What is changed is asked for again.
  await screen.fill(rules.why, "a move of the desk");
  await screen.click(setUp.save, screen.dialog());
  expect(sent).toEqual([]);
  await screen.tick(rules.silenceAll);
  await screen.click(setUp.save, screen.dialog());
  expect(sent.map(([path]) => path)).toEqual(["/api/silences"]);
});

it("a silence with a match is saved at once, and says how many alerts it fits", async () => {
  await show("", "approver");
  await screen.click(silenceWords.add);
  await screen.fill(rules.why, "a drill");
  await screen.fill(prefs.countries, "es");
  expect(screen.text("[data-fitting]")).toBe(rules.fitting(1, 2));
  await screen.click(setUp.save, screen.dialog());
  expect(sent).toHaveLength(1);
});

it("hours of the week without a match are asked for once more, too", async () => {
  await show("windows", "approver");
  await screen.click(windowWords.add);
  await screen.fill(rules.why, "sirens");
  await screen.click(setUp.save, screen.dialog());
  expect(sent).toEqual([]);
  expect(screen.text("dialog [role=alert]")).toBe(rules.windowAll);
});

it("what is wrong has the focus when it could not be saved", async () => {
  await show("", "approver");
  await screen.click(silenceWords.add);
  await screen.click(setUp.save, screen.dialog());
  expect(document.activeElement).toBe(screen.field(rules.why));
});

it("the focus stays with the list when the row that had it is deleted", async () => {
  await show("teams", "approver");
  screen.button(setUp.deleteNamed("Night")).focus();
  await screen.click(setUp.deleteNamed("Night"));
  screen.button(setUp.delete, screen.dialog()).focus();
  await screen.click(setUp.delete, screen.dialog());
  expect(screen.page.querySelector("[data-set-up]")).toBeNull();
  expect(document.activeElement?.getAttribute("aria-label")).toBe(teamWords.list);
});

it("a team's subscriptions are beside it, and the first one's warning is shown", async () => {
  await show("teams", "approver");
  const details = screen.page.querySelector("details");
  await act(async () => {
    details?.setAttribute("open", "");
    details?.dispatchEvent(new Event("toggle"));
  });
  await screen.settle();
  expect(details?.textContent).toContain(teamSubscriptionWords.noneText);
  await screen.click(teamSubscriptionWords.add);
  await screen.fill(prefs.countries, "es");
  await screen.click(setUp.save, screen.dialog());
  expect(sent[0]).toEqual(["/api/teams/t/subscriptions", { name: "", match: spain.match }]);
  expect(details?.querySelector("[role=status]")?.textContent).toBe("it is the first");
});

it("each role has its subscriptions; who may not change them reads them", async () => {
  lists["/api/roles/analyst/subscriptions"] = [spain];
  await show("roles", "viewer");
  expect(screen.text("[data-role=analyst]")).toContain("Spain");
  expect(screen.text("[data-role=viewer]")).toContain(roleSubscriptionWords.noneText);
  expect(screen.buttons()).toEqual([]);
  await show("roles", "admin");
  await screen.click(roleSubscriptionWords.add, screen.page.querySelector("[data-role=admin]"));
  await screen.click(setUp.save, screen.dialog());
  expect(sent.map(([path]) => path)).toEqual(["/api/roles/admin/subscriptions"]);
});
