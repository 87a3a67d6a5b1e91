import { expect, it } from "vitest";
import { uuidOf } from "./uuid";

it("takes a UUID, as the server writes it, and nothing else", () => {
  const id = "0198a7c2-5f0e-7b3a-9c1d-2e4f60718293";
  expect(uuidOf(id)).toBe(id);
  expect(uuidOf(` ${id.toUpperCase()} `)).toBe(id);
  for (const text of ["", "abc", `${id}0`, id.replaceAll("-", ""), `{${id}}`, "../me"])
    expect(uuidOf(text)).toBeNull();
});
