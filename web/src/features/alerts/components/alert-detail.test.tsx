import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api, type Request } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { Acknowledgement, Escalation, Reach } from "@/lib/api/notification-types";
import type { Alert, Role, RoomEvent } from "@/lib/api/types";
import { patchCache } from "@/lib/realtime/patch";
import { TestScreen } from "@/lib/test-screen";
import { dateTime } from "@/lib/time";
import { alerts as words } from "@/messages/alerts";
import { AlertDetail } from "./alert-detail";

const rooms = vi.hoisted((): string[] => []);
vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.mock("@/lib/realtime/provider", () => ({ useRoom: (room: string) => rooms.push(room) }));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

const AT = "2026-01-01T00:00:00Z";
const alert = {
  id: "a",
  revision: 1,
  type: "alert",
  status: "actual",
  severity: "high",
  title: "Flood",
  message: "Rising",
  hazard: "flood",
  area: "Valencia",
  effective: AT,
  expires: AT,
  data: {},
} as unknown as Alert;
const said = (user: string, more: Partial<Acknowledgement> = {}): Acknowledgement => ({
  alert: "a",
  user,
  name: "Bob",
  mine: user === "me",
  via: "email",
  at: AT,
  rests: true,
  ...more,
});
const within = (...people: number[]) =>
  people.map((each, at) => ({ seconds: [60, 300][at] ?? 0, people: each }));
const severity = (more: Partial<Reach["by_severity"][number]>) => ({
  severity: "high" as const,
  sent: 9,
  delivered: 8,
  read: 7,
  told: 4,
  acknowledged: 2,
  acknowledged_within: within(1, 2),
  ...more,
});

let screen: TestScreen;
let acknowledged: Acknowledgement[];
let reach: Partial<Reach>;
let posted: unknown[];
let escalations: Partial<Escalation>[];
let isCalled: boolean;

beforeEach(() => {
  [acknowledged, posted, escalations] = [[], [], []];
  isCalled = true;
  reach = { by_severity: [severity({})], acknowledged_within: within(1, 2), acknowledged_untold: 0 };
  vi.mocked(api).mockImplementation(async (path: string, { method, body }: Request = {}) => {
    if (method) {
      posted.push(body);
      const minutes = (body as { expires_minutes?: number }).expires_minutes;
      const expires_at = minutes ? new Date(Date.now() + minutes * 60_000).toISOString() : undefined;
      acknowledged = [said("me", { expires_at, via: "app", rests: isCalled })];
      return acknowledged[0];
    }
    if (path.endsWith("/escalations")) return { items: escalations, total: escalations.length, next: null };
    if (path.endsWith("/reach"))
      return {
        revisions: [{ alert, begun_at: AT, considered: 9, told: 4 }],
        deliveries: [],
        acknowledged,
        ...reach,
      };
    return { ...alert, revisions: [alert], acknowledged };
  });
  screen = new TestScreen();
});
afterEach(() => screen.close());

async function show(role: Role) {
  screen.cache.setQueryData(keys.me, { id: "me", name: "Me", role });
  await screen.show(<AlertDetail id="a" newest={alert} />);
}
const seesTo = () =>
  [...screen.page.querySelectorAll("[data-acknowledger]")].map((one) => one.firstChild?.textContent);

it("says live who sees to it, to everybody", async () => {
  await show("viewer");
  expect(rooms).toContain("alerts");
  expect(screen.page.textContent).toContain(words.nobodyYet);
  acknowledged = [said("bob"), said("gone", { name: null, expires_at: AT })];
  const event = { type: "user_activity", room: "alerts", action: "acknowledged", data: { alert_id: "a" } };
  const live = { ...event, resource_id: "incident:i", user_id: "bob", name: "Bob", at: AT, position: "p" };
  await act(
    async () =>
      void patchCache(
        screen.cache,
        [live as RoomEvent, { ...live, data: { alert_id: "b" } } as RoomEvent],
        0,
      ),
  );
  await screen.settle();
  expect(seesTo()).toEqual(["Bob", words.gone]);
  // Whose time is over does not count.
  expect(screen.page.textContent).toContain(words.acknowledgedCount(1));
  expect(screen.page.querySelector("[data-acknowledged=false]")).not.toBeNull();
});

it("acknowledges for good or for a while, and says so", async () => {
  await show("viewer");
  await screen.click(words.acknowledge);
  await screen.click(words.acknowledge, screen.dialog());
  expect(screen.dialog()).toBeNull();
  expect(screen.text("[data-acknowledged=true]")).toBe(`${words.acknowledgedByYou} ${words.callsRest}`);
  expect(seesTo()).toEqual([words.you]);
  await screen.click(words.acknowledge);
  await screen.fill(words.acknowledgeFor, "60");
  await screen.click(words.acknowledge, screen.dialog());
  expect(posted).toEqual([{}, { expires_minutes: 60 }]);
  expect(screen.text("[data-acknowledged=true]")).toContain("until");
  const until = acknowledged[0]?.expires_at ?? "";
  expect(screen.page.textContent).toContain(words.restNow(dateTime(until)));
});

it("says whether calls rest by it, or go on", async () => {
  isCalled = false;
  await show("viewer");
  await screen.click(words.acknowledge);
  await screen.click(words.acknowledge, screen.dialog());
  expect(screen.text("[data-acknowledged=true]")).toBe(`${words.acknowledgedByYou} ${words.callsGoOn}`);
  expect(screen.text("[data-acknowledger=me]")).toContain(words.countedAlone);
  expect(screen.page.querySelector("[data-escalation]")).toBeNull();
});

it("tells analysts how its escalations stand, and until when one rests", async () => {
  const one = { chain: { name: "Night", steps: [1, 2] }, step: 1, round: 0, started_at: AT, next_at: AT };
  escalations = [
    { ...one, id: "r", state: "running" },
    { ...one, id: "u", state: "acknowledged" },
    { ...one, id: "g", state: "acknowledged", next_at: null },
    { ...one, id: "e", state: "ended", next_at: null },
    { ...one, id: "c", state: "cancelled", next_at: null },
  ];
  await show("analyst");
  const standing = (id: string) => screen.text(`[data-escalation=${id}]`);
  expect(standing("r")).toContain(words.nextStep(2, 2, dateTime(AT)));
  expect(standing("u")).toContain(words.restsUntil(dateTime(AT)));
  expect(standing("g")).toContain(words.restsForGood);
  expect(standing("e")).toContain(words.escalationEnded);
  expect(standing("c")).toContain(words.escalationCancelled);
});

it("tells analysts how quick those told were, by severity", async () => {
  await show("analyst");
  const high = () => screen.text("[data-severity=high]");
  expect(high()).toContain(words.ofTold(2, 4));
  expect(high()).toContain(`${words.messages.sent}9${words.messages.delivered}8${words.messages.read}7`);
  expect(high()).toContain(`${words.within("60 s")}${words.people(1)}`);
  expect(screen.page.textContent).not.toContain(words.inAll);
  reach = {
    by_severity: [severity({ severity: "critical", told: 1, acknowledged: 0 }), severity({})],
    acknowledged_within: within(3, 3),
    acknowledged_untold: 1,
  };
  await act(async () => screen.cache.invalidateQueries({ queryKey: keys.alertReach("a") }));
  await screen.settle();
  expect(screen.text("[data-severity=critical]")).toContain(words.ofTold(0, 1));
  expect(screen.page.textContent).toContain(words.inAll);
  expect(screen.page.textContent).toContain(words.untold(1));
});
