import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api, type Request } from "@/lib/api/http";
import type { Device, NewDevice } from "@/lib/api/notification-types";
import { ApiError } from "@/lib/api/problem";
import { TestScreen } from "@/lib/test-screen";
import { prefs } from "@/messages/notify";
import { type PushHere, pushHere, subscribe, unsubscribe } from "../api/push";
import { DevicesView } from "./devices-view";

vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.mock("../api/push", async (original) => ({
  ...(await original<typeof import("../api/push")>()),
  pushHere: vi.fn(),
  subscribe: vi.fn(),
  unsubscribe: vi.fn(),
}));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

const PUSH = { kind: "web_push", endpoint: "https://push.example/1", p256dh: "p", auth: "a" } as const;

let screen: TestScreen;
let devices: Device[];
let here: PushHere;
let permission: NotificationPermission;
let refusal: ApiError | null;

beforeEach(() => {
  vi.clearAllMocks();
  devices = [];
  here = { state: "possible", endpoint: null };
  permission = "granted";
  refusal = null;
  vi.stubGlobal("Notification", { requestPermission: async () => permission });
  vi.mocked(pushHere).mockImplementation(async () => here);
  vi.mocked(subscribe).mockImplementation(async () => {
    here = { state: "possible", endpoint: PUSH.endpoint };
    return PUSH;
  });
  vi.mocked(unsubscribe).mockImplementation(async () => {
    here = { state: "possible", endpoint: null };
  });
  vi.mocked(api).mockImplementation(async (path: string, { method, body }: Request = {}) => {
    if (path.endsWith("/push-key")) return { key: "BA" };
    if (method === "DELETE") {
      devices = devices.filter(({ id }) => !path.endsWith(`/${id}`));
      return undefined;
    }
    if (method !== "POST") return { items: devices, total: devices.length, next: null };
    if (refusal) throw refusal;
    const device = {
      ...(body as NewDevice),
      id: String(devices.length),
      user: "u",
      created_at: "2026-01-01T00:00:00Z",
    };
    devices = [...devices, device];
    return device;
  });
  screen = new TestScreen();
});

afterEach(() => screen.close());

const push = () => screen.page.querySelector<HTMLElement>("[data-push]");

it("switches push messages of this browser on and off again", async () => {
  await screen.show(<DevicesView />);
  await screen.click(prefs.pushOn);
  expect(subscribe).toHaveBeenCalledWith("BA");
  expect(devices.map(({ target }) => target)).toEqual([PUSH]);
  expect(push()?.dataset.push).toBe("on");
  expect(screen.text("[data-device]")).toContain(prefs.thisBrowser);
  await screen.click(prefs.removeNamed(devices[0]?.label ?? ""));
  await screen.click(prefs.remove, screen.dialog());
  expect(unsubscribe).toHaveBeenCalledWith(PUSH.endpoint);
  expect(devices).toEqual([]);
  expect(screen.buttons()).toContain(prefs.pushOn);
});

it("says why a browser gets no push messages", async () => {
  here = { state: "unsupported", endpoint: null };
  await screen.show(<DevicesView />);
  expect(push()?.textContent).toBe(prefs.pushUnsupported);
  expect(screen.buttons()).not.toContain(prefs.pushOn);
});

it("a person who refuses is told how to allow it later", async () => {
  permission = "denied";
  await screen.show(<DevicesView />);
  here = { state: "denied", endpoint: null };
  await screen.click(prefs.pushOn);
  expect(subscribe).not.toHaveBeenCalled();
  expect(push()?.textContent).toBe(prefs.pushDenied);
});

it("says what the browser's push service says", async () => {
  vi.mocked(subscribe).mockRejectedValue(new Error("push service not available"));
  await screen.show(<DevicesView />);
  await screen.click(prefs.pushOn);
  expect(screen.text("[role=alert]")).toBe(prefs.pushFailed("push service not available"));
});

it("a webhook's secret is shown when it was made, and then no more", async () => {
  await screen.show(<DevicesView />);
  await screen.fill(prefs.url, "https://a.example/hook");
  await submit(prefs.webhook);
  const target = devices[0]?.target;
  const secret = target?.kind === "webhook" ? target.secrets[0] : "";
  expect(secret).toMatch(/^whsec_/);
  expect(screen.dialog()?.querySelector("input")?.value).toBe(secret);
  await screen.click(prefs.done, screen.dialog());
  expect(screen.page.innerHTML).not.toContain(secret);
});

it("a webhook that is gone says so", async () => {
  const target: Device["target"] = { kind: "webhook", url: "https://bot.example/hook", secrets: [] };
  devices = [
    { id: "0", user: "u", label: "our bot", target, created_at: "2026-01-01T00:00:00Z", suppressed: "410" },
  ];
  await screen.show(<DevicesView />);
  expect(screen.page.textContent).toContain(prefs.suppressed("410"));
});

it("a number may be typed as people write it, and what is wrong with it stands there", async () => {
  refusal = new ApiError(422, { errors: [{ field: "target.number", problem: "is no telephone number" }] });
  await screen.show(<DevicesView />);
  await screen.fill(prefs.phoneNumber, "+34 600 (123)-456");
  await submit(prefs.phone);
  expect(screen.text("[role=alert]")).toBe("is no telephone number");
  refusal = null;
  await submit(prefs.phone);
  expect(devices.map(({ target }) => target)).toEqual([{ kind: "phone", number: "+34600123456" }]);
  expect(screen.page.querySelector("[role=alert]")).toBeNull();
});

async function submit(form: string) {
  await screen.submit(screen.page.querySelector<HTMLFormElement>(`form[aria-label="${form}"]`));
}
