import { expect, it } from "vitest";
import { failedTries } from "./delivery-reason";

it("tries that came to nothing are counted apart", () => {
  const at = "2026-01-01T00:00:00Z";
  const tries = ["retry", "accepted", undefined].map((outcome) => ({ at, provider: "smtp", outcome }));
  expect(failedTries(tries)).toEqual([tries[0]]);
  expect(failedTries()).toEqual([]);
});
