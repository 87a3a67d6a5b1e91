import { expect, it } from "vitest";
import { failedTries, reasonOf } from "./delivery-reason";

it("what kept a message until it went is not why it went", () => {
  const refused = "smtp: connection refused";
  expect(reasonOf({ status: "sent", reason: refused })).toEqual({ reason: "", earlier: refused });
  const unheard = "twilio may have it: sent again if it says nothing of it";
  expect(reasonOf({ status: "read", reason: unheard })).toEqual({ reason: "", earlier: unheard });
  const rested = "every provider rests after failures";
  expect(reasonOf({ status: "delivered", reason: rested })).toEqual({ reason: "", earlier: rested });
});

it("of what has failed, and of what went at once, the reason is the reason", () => {
  for (const [status, reason] of [
    ["failed", "smtp: no such address"],
    ["deferred", "smtp: connection refused"],
    ["sent", "asks for alerts of every place"],
  ] as const)
    expect(reasonOf({ status, reason })).toEqual({ reason, earlier: "" });
});

it("tries that came to nothing are counted apart", () => {
  const at = "2026-01-01T00:00:00Z";
  const tries = ["retry", "accepted", undefined].map((outcome) => ({ at, provider: "smtp", outcome }));
  expect(failedTries(tries)).toEqual([tries[0]]);
  expect(failedTries()).toEqual([]);
});
