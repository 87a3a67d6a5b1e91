import { expect, it } from "vitest";
import type { Acknowledgement } from "@/lib/api/notification-types";
import { standingOf } from "./acknowledgement";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const said = (user: string, at: string, expires_at?: string): Acknowledgement => ({
  alert: "a",
  user,
  via: "app",
  at: `2026-01-01T${at}:00Z`,
  expires_at: expires_at && `2026-01-01T${expires_at}:00Z`,
});

it("only one's own newest word counts, as long as it lasts", () => {
  const forGood = said("me", "11:00");
  expect(standingOf([said("her", "11:30"), forGood], "me", NOW)).toBe(forGood);
  expect(standingOf([said("her", "11:30")], "me", NOW)).toBeNull();
  const over = said("me", "11:10", "11:40");
  expect(standingOf([over, forGood], "me", NOW)).toBeNull();
  const lasts = said("me", "11:50", "12:20");
  expect(standingOf([lasts, over], "me", NOW)).toBe(lasts);
});
