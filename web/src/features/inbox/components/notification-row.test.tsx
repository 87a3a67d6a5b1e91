import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { Delivery, Notification, NotificationType } from "@/lib/api/types";
import { TestScreen } from "@/lib/test-screen";
import { en } from "@/messages/en";
import { channelName, deliveryStatusName, deliveries as words } from "@/messages/notify";
import { NotificationRow } from "./notification-row";

vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

let screen: TestScreen;
beforeEach(() => {
  // How a delivery went is asked again, and is still on its way.
  vi.mocked(api).mockReturnValue(new Promise(() => undefined));
  screen = new TestScreen();
});
afterEach(() => screen.close());

const row = (type: NotificationType, about: Partial<Notification>) => {
  const told = { id: "n", type, priority: "high", subject: "Flood", body: "Rising", deliveries: [] };
  const notification = { ...told, created_at: "2026-01-01T00:00:00Z", ...about } as unknown as Notification;
  return <NotificationRow notification={notification} onRead={() => undefined} />;
};

it("what went at last does not look as if it had failed, and its tries are told apart", async () => {
  const mail = { id: "d", channel: "email", to: "a@b.example", reason: "asks for alerts" };
  const gone = { ...mail, status: "sent" } as Delivery;
  await screen.show(row("alert", { deliveries: [gone] }));
  expect(screen.text("[data-delivery=email]")).toContain("asks for alerts");
  const attempts = [
    { at: "2026-01-01T00:00:00Z", provider: "smtp", outcome: "retry", why: "connection refused" },
    { at: "2026-01-01T00:01:00Z", provider: "smtp", outcome: "accepted" },
  ];
  const provenance = { decided_at: "2026-01-01T00:00:00Z" };
  screen.cache.setQueryData(keys.delivery("d"), { ...gone, attempts, told: [], provenance });
  await screen.click(words.historyOf(channelName.email));
  expect(screen.text("dialog p")).toBe(`${deliveryStatusName.sent}asks for alerts · ${words.tries(1)}`);
  const tries = [...screen.page.querySelectorAll("dialog ol li")].map(({ textContent }) => textContent);
  expect(tries[0]).toContain(`smtp${words.outcome.retry} connection refused`);
  expect(tries[1]).toContain(`smtp${words.outcome.accepted}`);
});

it("says what a message is, and leads to what it is about", async () => {
  const cases: [NotificationType, Partial<Notification>, string, string, string][] = [
    ["new_item", { item_id: "i" }, "New item", en.inbox.item, "/items?id=i"],
    ["high_risk", { item_id: "i", incident_id: "c" }, "High risk", en.inbox.item, "/items?id=i"],
    ["mention", { incident_id: "c" }, "Mention", en.inbox.incident, "/incidents?id=c"],
  ];
  for (const [type, about, label, words, href] of cases) {
    await screen.show(row(type, about));
    expect(screen.text("li")).toContain(label);
    const link = screen.page.querySelector("a");
    expect([link?.textContent, link?.getAttribute("href")]).toEqual([words, href]);
  }
});
