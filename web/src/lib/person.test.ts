import { expect, it } from "vitest";
import { initials, personColour } from "./person";

it("initials are of the first and the last word, whatever the script", () => {
  expect(["Ada Lovelace", "ben", "Ana de la Cruz", "  ", "Łukasz", "e2e-admin"].map(initials)).toEqual([
    "AL",
    "B",
    "AC",
    "?",
    "Ł",
    "EA",
  ]);
});

it("a person keeps their colour", () => {
  expect(personColour("a-person")).toBe(personColour("a-person"));
  const colours = new Set(Array.from({ length: 60 }, (_, at) => personColour(`person ${at}`)));
  expect([...colours].sort()).toEqual([0, 1, 2, 3, 4, 5]);
});
