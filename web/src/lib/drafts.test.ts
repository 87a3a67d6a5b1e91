import { beforeEach, expect, it } from "vitest";
import { forgetDrafts, readDraft, writeDraft } from "./drafts";

beforeEach(() => window.sessionStorage.clear());

it("a draft is there for who wrote it, until it is forgotten", () => {
  writeDraft("item:a", "ada", { tags: "x" });
  expect(readDraft("item:a", "ada")).toEqual({ tags: "x" });
  expect(readDraft("item:a", "ben")).toBeNull();
  writeDraft("item:a", "ada", null);
  expect(readDraft("item:a", "ada")).toBeNull();
});

it("signing out forgets drafts and nothing else, and a damaged one is none", () => {
  writeDraft("item:a", "ada", { tags: "x" });
  window.sessionStorage.setItem("other", "1");
  forgetDrafts();
  expect(Object.keys(window.sessionStorage)).toEqual(["other"]);
  window.sessionStorage.setItem("crisislens.draft.item:b", "{");
  expect(readDraft("item:b", "ada")).toBeNull();
});
