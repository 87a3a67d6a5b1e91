import { expect, it } from "vitest";
import type { Kept } from "@/lib/api/kept";
import type { Template } from "@/lib/api/template-types";
import { draftOf, isSame, templateOf } from "./draft";
import { languageName, localesOf, ownOf, pathOf, templateNameOf } from "./templates";

const own: Kept<Template> = {
  id: "t",
  version: 2,
  changed_at: "2026-01-01T00:00:00Z",
  name: "alert",
  locale: "pt-BR",
  subject: "{{ title }}",
};

it("a template goes through its form unharmed, and empty parts are left out", () => {
  const { id, version, changed_at, ...plain } = own;
  expect(templateOf("alert", "pt-BR", draftOf(own))).toEqual(plain);
  const typed = { ...draftOf(own), sms: "  ", push: " x" };
  expect(templateOf("alert", "pt-BR", typed)).toEqual({ ...plain, push: " x" });
  expect(templateOf("digest", "en", draftOf())).toEqual({ name: "digest", locale: "en" });
  expect([isSame(draftOf(own), draftOf(plain)), isSame(draftOf(own), typed)]).toEqual([true, false]);
});

it("shipped languages come first, own ones are found in any case", () => {
  expect(localesOf("alert", [own])).toEqual(["en", "es", "hi", "mr", "pt-BR"]);
  expect(localesOf("digest", [own])).toEqual(["en", "es", "hi", "mr"]);
  expect(ownOf([own], "alert", "pt-br")).toBe(own);
  expect(ownOf([own], "digest", "pt-BR")).toBeUndefined();
  expect(["es", "pt-BR", "?"].map(languageName)).toEqual(["Español", "Brazilian Portuguese", "?"]);
  expect([templateNameOf("digest"), templateNameOf("x"), templateNameOf(null)]).toEqual([
    "digest",
    undefined,
    undefined,
  ]);
  expect(pathOf("alert", "a&b")).toBe("/templates?name=alert&locale=a%26b");
});
