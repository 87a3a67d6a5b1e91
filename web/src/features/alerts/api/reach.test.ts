import { expect, it } from "vitest";
import type { ReachCount } from "@/lib/api/notification-types";
import type { Alert } from "@/lib/api/types";
import { correctionDraft, correctionOf } from "./correction";
import { reachTable } from "./reach";

const count = (more: Partial<ReachCount>): ReachCount => ({
  revision: 1,
  channel: "email",
  priority: "high",
  status: "sent",
  count: 1,
  ...more,
});

it("counts a revision's deliveries by channel and status, whatever their priority", () => {
  const counts = [
    count({ count: 3 }),
    count({ priority: "critical", count: 2 }),
    count({ status: "failed" }),
    count({ channel: "inbox", status: "sent", count: 6 }),
    count({ channel: "sms", status: "deferred" }),
    count({ revision: 2, count: 50 }),
  ];
  expect(reachTable(counts, 1)).toEqual({
    statuses: ["deferred", "sent", "failed"],
    rows: [
      { channel: "inbox", counts: [0, 6, 0], total: 6 },
      { channel: "email", counts: [0, 5, 1], total: 6 },
      { channel: "sms", counts: [1, 0, 0], total: 1 },
    ],
  });
  expect(reachTable(counts, 3)).toEqual({ statuses: [], rows: [] });
});

it("a correction says only what differs", () => {
  const alert = { title: "Flood", message: "Rising", area: "Valencia", severity: "high" } as Alert;
  const draft = { ...correctionDraft(alert), reason: " The gauge was wrong. " };
  expect(correctionOf(draft, alert)).toEqual({ reason: "The gauge was wrong." });
  expect(correctionOf({ ...draft, title: "No flood", severity: "low" }, alert)).toEqual({
    reason: "The gauge was wrong.",
    title: "No flood",
    severity: "low",
  });
});
