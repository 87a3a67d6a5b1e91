import { expect, it } from "vitest";
import type { Delivery, Notification } from "@/lib/api/types";
import { isUnderWay } from "./deliveries";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const underWay = (more: Partial<Delivery>) => {
  const delivery: Delivery = { id: "d", channel: "email", status: "queued", reason: "", ...more };
  const notification = { deliveries: [delivery] } as Notification;
  return isUnderWay({ items: [notification], total: 1, next: null, unread: 0 }, NOW);
};

it("only what is being sent, or is about to be, is asked for again", () => {
  expect(underWay({ status: "sending" })).toBe(true);
  expect(underWay({})).toBe(true);
  expect(underWay({ status: "deferred", due_at: "2026-01-01T00:00:30Z" })).toBe(true);
  expect(underWay({ status: "deferred", due_at: "2026-01-01T07:00:00Z" })).toBe(false);
  expect(underWay({ status: "queued", due_at: "2025-12-31T20:00:00Z" })).toBe(false);
  expect(underWay({ status: "sent", due_at: "2026-01-01T00:00:00Z" })).toBe(false);
  expect(isUnderWay(undefined, NOW)).toBe(false);
});
