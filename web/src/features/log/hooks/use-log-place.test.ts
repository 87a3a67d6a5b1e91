import { expect, it, vi } from "vitest";
import { placeOf, placeQuery } from "./use-log-place";

vi.mock("next/navigation", () => ({}));

it("reads a place back from its link, and takes what is wrong for the beginning", () => {
  const places = [
    { view: "topics", topic: "raw-items", letter: null },
    { view: "letters", topic: null, letter: 17 },
    { view: "letters", topic: null, letter: 0 },
    { view: "health", topic: null, letter: null },
  ] as const;
  for (const place of places) expect(placeOf(new URLSearchParams(placeQuery(place)))).toEqual(place);
  const start = { view: "topics", topic: null, letter: null };
  expect(placeOf(new URLSearchParams("view=cellar&letter=3"))).toEqual(start);
  expect(placeOf(new URLSearchParams("view=letters&letter=-1")).letter).toBeNull();
});
