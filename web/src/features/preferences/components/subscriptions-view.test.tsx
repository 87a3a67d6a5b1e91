import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api, type Request } from "@/lib/api/http";
import type { Kept } from "@/lib/api/kept";
import { keys } from "@/lib/api/keys";
import type { Subscription } from "@/lib/api/notification-types";
import { ApiError } from "@/lib/api/problem";
import { TestScreen } from "@/lib/test-screen";
import { prefs } from "@/messages/notify";
import { setUp } from "@/messages/set-up";
import { SubscriptionsView } from "./subscriptions-view";

vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

const match = { country: ["ES"], hazard: [], source: [], keyword: [], incident: ["i"] };

let screen: TestScreen;
let kept: Kept<Subscription>[];
let asked: { path: string; method: string; body?: Subscription; headers?: Record<string, string> }[];
let refusals: ApiError[];

beforeEach(() => {
  kept = [{ id: "a", version: 3, changed_at: "2026-01-01T00:00:00Z", name: "Spain", match }];
  asked = [];
  refusals = [];
  vi.mocked(api).mockImplementation(async (path: string, { method, body, headers }: Request = {}) => {
    if (path === "/api/sources") return { items: [{ name: "gdacs" }], total: 1, next: null };
    if (!method) return { items: kept, total: kept.length, next: null };
    asked.push({ path, method, body: body as Subscription, headers });
    const refusal = refusals.shift();
    if (refusal) throw refusal;
    if (method !== "DELETE") return body;
    kept = [];
    return undefined;
  });
  screen = new TestScreen();
  screen.cache.setQueryData(keys.me, { id: "u", role: "viewer" });
});

afterEach(() => screen.close());

it("changes what was read, keeps what the form does not show, and says where somebody was first", async () => {
  await screen.show(<SubscriptionsView />);
  await screen.click(setUp.editNamed("Spain"));
  expect(screen.page.textContent).toContain(prefs.kept(prefs.keptNames.incident));
  await screen.fill(prefs.countries, "es, pt");
  await screen.click("+ gdacs");
  refusals = [new ApiError(412, { detail: "stale" })];
  await screen.click(setUp.save, screen.dialog());
  expect(screen.text("dialog [role=alert]")).toContain(setUp.changedMeanwhile);
  await screen.click(setUp.save, screen.dialog());
  expect(screen.dialog()).toBeNull();
  const body = { name: "Spain", match: { ...match, country: ["ES", "PT"], source: ["gdacs"] } };
  expect(asked[1]).toMatchObject({
    path: "/api/subscriptions/a",
    method: "PUT",
    body,
    headers: { "if-match": '"3"' },
  });
});

it("makes one, the same one when it is sent again", async () => {
  await screen.show(<SubscriptionsView />);
  await screen.click(prefs.addSubscription);
  await screen.fill(prefs.lat, "39.4");
  await screen.click(setUp.save, screen.dialog());
  expect(asked).toEqual([]);
  expect(screen.text("dialog [role=alert]")).toBe(prefs.circleIncomplete);
  await screen.fill(prefs.lat, "");
  await screen.fill(prefs.keywords, "río");
  refusals = [new ApiError(0, { detail: "away" })];
  await screen.click(setUp.save, screen.dialog());
  await screen.click(setUp.save, screen.dialog());
  const keys = asked.map(({ headers }) => headers?.["idempotency-key"]);
  expect(keys).toHaveLength(2);
  expect(keys[0]).toBeTruthy();
  expect(keys[0]).toBe(keys[1]);
  expect(asked[1]?.body?.match.keyword).toEqual(["río"]);
});

it("deletes one when asked twice", async () => {
  await screen.show(<SubscriptionsView />);
  await screen.click(setUp.deleteNamed("Spain"));
  expect(asked).toEqual([]);
  await screen.click(setUp.delete, screen.dialog());
  expect(asked.map(({ path, method }) => [path, method])).toEqual([["/api/subscriptions/a", "DELETE"]]);
  expect(screen.page.textContent).toContain(prefs.noSubscriptions);
});

it("goes on from what is there now where somebody was first", async () => {
  await screen.show(<SubscriptionsView />);
  await screen.click(setUp.editNamed("Spain"));
  await screen.fill(prefs.label, "Mine");
  refusals = [new ApiError(412, { detail: "stale" })];
  kept = kept.map((one) => ({ ...one, version: 4, name: "Theirs" }));
  await screen.click(setUp.save, screen.dialog());
  expect(screen.field(prefs.label).value).toBe("Mine");
  await screen.click(setUp.reload, screen.dialog());
  expect(screen.field(prefs.label).value).toBe("Theirs");
  expect(screen.dialog()?.textContent).not.toContain(setUp.changedMeanwhile);
  await screen.click(setUp.save, screen.dialog());
  expect(asked.map(({ headers }) => headers?.["if-match"])).toEqual(['"3"', '"4"']);
});

it("says so where it was deleted meanwhile", async () => {
  await screen.show(<SubscriptionsView />);
  await screen.click(setUp.editNamed("Spain"));
  refusals = [new ApiError(404, { detail: "gone" })];
  kept = [];
  await screen.click(setUp.save, screen.dialog());
  await screen.click(setUp.reload, screen.dialog());
  expect(screen.text("dialog [role=alert]")).toContain(setUp.deletedMeanwhile);
  expect(screen.buttons(screen.dialog())).not.toContain(setUp.reload);
});
