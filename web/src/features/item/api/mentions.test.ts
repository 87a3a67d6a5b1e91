import { describe, expect, it } from "vitest";
import { beginning, namedIn, withName } from "./mentions";

describe("names in a comment", () => {
  it("are looked for behind an @ at the end, and not within a word or behind a space", () => {
    expect(beginning("@")).toBe("");
    expect(beginning("look, @Gra")).toBe("Gra");
    expect(beginning("@Grace Ho")).toBe("Grace Ho");
    expect(beginning("mail me@example")).toBeNull();
    expect(beginning("@Grace ")).toBeNull();
    expect(beginning(`@${"x".repeat(41)}`)).toBeNull();
    expect(beginning("nobody")).toBeNull();
    const chosen = [{ id: "1", name: "Grace" }];
    expect(["@Grace looks", "@Grace Ho", "@Gracey"].map((text) => beginning(text, chosen))).toEqual([
      null,
      null,
      "Gracey",
    ]);
  });

  it("take the place of what was typed, whatever is in them", () => {
    expect(withName("look, @Gra", "Grace $1 Hopper")).toBe("look, @Grace $1 Hopper ");
    expect(withName("@", "Ada")).toBe("@Ada ");
  });

  it("count as long as they stand in the text", () => {
    const [ada, bob] = [
      { id: "1", name: "Ada" },
      { id: "2", name: "Bob" },
    ];
    expect(namedIn("@Ada look", [ada, bob])).toEqual([ada]);
  });
});
