import { expect, it } from "vitest";
import { item } from "@/lib/realtime/fixtures";
import { changedSince, changeOf, draftOf } from "./use-draft";

const before = item("a", { tags: ["flood", "river"] });

it("a draft changes only what was changed in it", () => {
  const draft = draftOf(before);
  expect(changeOf(draft)).toEqual({});
  expect(changeOf({ ...draft, tags: " flood ,river,, flood" })).toEqual({});
  expect(changeOf({ ...draft, tags: "river" })).toEqual({ tags: ["river"] });
  expect(changeOf({ ...draft, tags: "" })).toEqual({ tags: [] });
  expect(changeOf({ ...draft, status: "verified" })).toEqual({ status: "verified" });
});

it("what others have changed meanwhile is told apart", () => {
  const draft = draftOf(before);
  expect(changedSince(draft, { ...before, risk_score: 1 })).toEqual({});
  expect(changedSince(draft, { ...before, status: "triaged", tags: [] })).toEqual({
    status: "triaged",
    tags: [],
  });
});
