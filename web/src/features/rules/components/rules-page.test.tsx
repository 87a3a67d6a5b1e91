import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api, type Request } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import { TestScreen } from "@/lib/test-screen";
import { chainWords, roleName, rules, silenceWords, teamWords } from "@/messages/rules";
import { setUp } from "@/messages/set-up";
import { RulesPage } from "./rules-page";

const params = vi.hoisted(() => ({ view: "" }));
vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.mock("next/navigation", () => ({ useSearchParams: () => new URLSearchParams(params) }));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

const ADA = "00000000-0000-0000-0000-00000000000a";
const BOB = "00000000-0000-0000-0000-00000000000b";
const team = { id: "t", version: 1, changed_at: "2026-01-01T00:00:00Z", name: "Night", members: [BOB] };

let screen: TestScreen;
let sent: [string, unknown][];

beforeEach(() => {
  sent = [];
  vi.mocked(api).mockImplementation(async (path: string, { method, body }: Request = {}) => {
    if (path.startsWith("/api/collaboration/activity")) return { items: [{ user: BOB, name: "Bob" }] };
    if (!method) return { items: path === "/api/teams" ? [team] : [], total: 0, next: null };
    sent.push([path, body]);
    return body;
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

it("people are added to a team by name or by id, once each", async () => {
  await show("teams", "approver");
  await screen.click(setUp.editNamed("Night"));
  await screen.fill(rules.addPerson, ADA);
  await screen.fill(rules.personId, "nobody");
  await screen.click(rules.add, screen.dialog());
  expect(screen.dialog()?.textContent).toContain(rules.noPersonId);
  await screen.fill(rules.personId, ADA.toUpperCase());
  await screen.click(rules.add, screen.dialog());
  await screen.click(setUp.save, screen.dialog());
  expect(sent).toEqual([["/api/teams/t", { name: "Night", members: [BOB, ADA] }]]);
  await screen.click(teamWords.add);
  await screen.click(setUp.save, screen.dialog());
  expect(screen.dialog()?.textContent).toContain(rules.wantsPeople);
  expect(sent).toHaveLength(1);
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
