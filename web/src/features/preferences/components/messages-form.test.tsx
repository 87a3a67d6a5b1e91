import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api, type Request } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { Device, Preferences } from "@/lib/api/notification-types";
import { ApiError } from "@/lib/api/problem";
import { TestScreen } from "@/lib/test-screen";
import { zoneHere } from "@/lib/zones";
import { noticeKindText, prefs } from "@/messages/notify";
import { MessagesView } from "./messages-view";

vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

const FRESH: Preferences = {
  channels: { alerts: ["inbox"] },
  min_severity: "medium",
  zone: zoneHere(),
  locale: "en",
  quiet_hours: [],
  quiet_except: "critical",
  digest: null,
  max_per_hour: 60,
};

let screen: TestScreen;
let kept: Preferences;
let devices: Partial<Device>[];
let lists: Record<string, object[]>;
let sent: Preferences[];
let refusal: ApiError | null;

beforeEach(() => {
  [kept, devices, lists, sent, refusal] = [FRESH, [], {}, [], null];
  vi.mocked(api).mockImplementation(async (path: string, { method, body }: Request = {}) => {
    if (path.endsWith("subscriptions") || path === "/api/teams") {
      const items = lists[path] ?? [];
      return { items, total: items.length, next: null };
    }
    if (path.endsWith("/me")) return { id: "u", name: "Ada", role: "analyst" };
    if (path.endsWith("/devices")) return { items: devices, total: devices.length, next: null };
    if (method !== "PUT") return kept;
    sent.push(body as Preferences);
    if (refusal) throw refusal;
    kept = body as Preferences;
    return kept;
  });
  screen = new TestScreen();
});

afterEach(() => screen.close());

const status = () => screen.text("[data-saved]");

it("saves nothing before it is told to, and says at any time how it stands", async () => {
  await screen.show(<MessagesView />);
  expect(status()).toBe(prefs.isSaved);
  expect(screen.button(prefs.save).disabled).toBe(true);
  await screen.tick("Alerts: E-mail");
  await screen.fill(prefs.locale, "hi");
  expect(status()).toBe(prefs.notSaved);
  await screen.click(prefs.discard);
  expect(status()).toBe(prefs.isSaved);
  await screen.tick("Alerts: E-mail");
  expect(sent).toEqual([]);
  await screen.submit();
  expect(sent.map(({ channels }) => channels.alerts)).toEqual([["inbox", "email"]]);
  expect(status()).toBe(prefs.saved);
});

it("what the server finds wrong stands at its field, and what was typed stays", async () => {
  await screen.show(<MessagesView />);
  await screen.click(prefs.quietAdd);
  const problem = "1 (Monday) to 7 (Sunday), each at most once";
  const errors = [
    { field: "quiet_hours.0.days", problem },
    { field: "zone", problem: "is no time zone" },
  ];
  refusal = new ApiError(422, { detail: "two fields", errors });
  await screen.submit();
  expect(screen.text("section[aria-labelledby=quiet]")).toContain(problem);
  const zone = screen.field(prefs.zone);
  expect(zone.getAttribute("aria-invalid")).toBe("true");
  expect(document.getElementById(`${zone.id}-problem`)?.textContent).toBe("is no time zone");
  expect(status()).toBe(prefs.failed("two fields"));
  expect(screen.button(prefs.save).disabled).toBe(false);
  expect(screen.page.querySelectorAll("[data-quiet]")).toHaveLength(14);
});

it("sends no quiet hours without a day: the API would take them for every day", async () => {
  kept = { ...FRESH, quiet_hours: [{ days: [1], start: "22:00:00", end: "07:00:00" }] };
  await screen.show(<MessagesView />);
  await screen.tick("Monday");
  await screen.submit();
  expect(sent).toEqual([]);
  expect(screen.page.textContent).toContain(prefs.quietNoDay);
  await screen.tick("Sunday");
  expect(screen.page.textContent).not.toContain(prefs.quietNoDay);
  await screen.submit();
  expect(sent[0]?.quiet_hours).toEqual([{ days: [7], start: "22:00:00", end: "07:00:00" }]);
});

it("follows what was saved elsewhere, and leaves alone what is being edited", async () => {
  await screen.show(<MessagesView />);
  const elsewhere = async (locale: string) => {
    kept = { ...kept, locale };
    await screen.cache.invalidateQueries({ queryKey: keys.preferences });
    await screen.settle();
  };
  await elsewhere("es");
  expect([screen.field(prefs.locale).value, status()]).toEqual(["es", prefs.isSaved]);
  await screen.fill(prefs.maxPerHour, "5");
  await elsewhere("mr");
  expect([screen.field(prefs.maxPerHour).value, status()]).toEqual(["5", prefs.notSaved]);
});

it("says where nothing arrives for want of a device", async () => {
  kept = { ...FRESH, channels: { alerts: ["sms", "webhook"] } };
  devices = [{ target: { kind: "phone", number: "+34600123456" } }];
  await screen.show(<MessagesView />);
  expect(screen.page.textContent).toContain(prefs.noDevice("Webhook"));
});

it("says what each kind is, and that no new items come without any subscription", async () => {
  const isTold = async () => {
    await screen.close();
    screen = new TestScreen();
    await screen.show(<MessagesView />);
    return screen.page.textContent?.includes(prefs.noNewItems);
  };
  expect(await isTold()).toBe(false);
  expect(screen.page.textContent).toContain(noticeKindText.new_items);
  await screen.tick("New items: Inbox");
  await screen.settle();
  expect(screen.page.textContent).toContain(prefs.noNewItems);
  kept = { ...FRESH, channels: { new_items: ["email"] } };
  const teams = [
    { id: "t", members: ["u"] },
    { id: "other", members: ["x"] },
  ];
  lists = { "/api/teams": teams, "/api/teams/other/subscriptions": [{}] };
  expect(await isTold()).toBe(true);
  for (const path of [
    "/api/subscriptions",
    "/api/roles/analyst/subscriptions",
    "/api/teams/t/subscriptions",
  ]) {
    lists = { "/api/teams": teams, [path]: [{}] };
    expect(await isTold()).toBe(false);
  }
});
