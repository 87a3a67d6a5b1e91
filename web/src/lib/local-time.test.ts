import { expect, it } from "vitest";
import { instantOf, localOf } from "./local-time";

it("an instant goes through its field, and keeps its seconds where it was not changed", () => {
  const at = "2026-03-02T11:30:27.500Z";
  expect(localOf(at)).toMatch(/^2026-03-0[123]T\d\d:\d\d$/);
  expect(instantOf(localOf(at), at)).toBe(at);
  expect(instantOf(localOf(at))).toBe("2026-03-02T11:30:00.000Z");
  const later = localOf(Date.parse(at) + 3_600_000);
  expect(instantOf(later, at)).toBe("2026-03-02T12:30:00.000Z");
  expect(instantOf("")).toBe("");
});
