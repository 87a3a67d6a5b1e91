import { expect, it } from "vitest";
import type { Acknowledgement } from "@/lib/api/notification-types";
import { ownOf, restUntil } from "./acknowledgement";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const said = (mine: boolean, expires_at?: string): Acknowledgement => ({
  alert: "a",
  user: mine ? "me" : "her",
  name: "Ada",
  mine,
  via: "app",
  at: "2026-01-01T11:00:00Z",
  rests: true,
  expires_at: expires_at && `2026-01-01T${expires_at}:00Z`,
});

it("only one's own word counts, as long as it lasts", () => {
  const forGood = said(true);
  expect(ownOf([said(false), forGood], NOW)).toBe(forGood);
  expect(ownOf([said(false)], NOW)).toBeUndefined();
  expect(ownOf([said(true, "11:40")], NOW)).toBeUndefined();
  const lasts = said(true, "12:20");
  expect(ownOf([lasts], NOW)).toBe(lasts);
});

it("calls rest as long as the word of one by whom they rest", () => {
  expect(restUntil([], NOW)).toBeUndefined();
  expect(restUntil([said(true, "11:40"), { ...said(false), rests: false }], NOW)).toBeUndefined();
  const [soon, later] = [said(true, "12:20"), said(false, "12:40")];
  expect(restUntil([later, soon], NOW)).toBe(later.expires_at);
  expect(restUntil([later, said(true)], NOW)).toBeNull();
});
