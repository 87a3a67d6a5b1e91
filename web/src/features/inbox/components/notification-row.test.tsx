import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Notification, NotificationType } from "@/lib/api/types";
import { TestScreen } from "@/lib/test-screen";
import { en } from "@/messages/en";
import { NotificationRow } from "./notification-row";

vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

let screen: TestScreen;
beforeEach(() => {
  screen = new TestScreen();
});
afterEach(() => screen.close());

const row = (type: NotificationType, about: Partial<Notification>) => {
  const told = { id: "n", type, priority: "high", subject: "Flood", body: "Rising", deliveries: [] };
  const notification = { ...told, created_at: "2026-01-01T00:00:00Z", ...about } as unknown as Notification;
  return <NotificationRow notification={notification} onRead={() => undefined} />;
};

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
