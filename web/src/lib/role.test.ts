import { expect, it } from "vitest";
import { ROLES } from "./api/types";
import { isAtLeast } from "./role";

it("roles rise", () => {
  expect(ROLES.map((role) => isAtLeast(role, "approver"))).toEqual([false, false, true, true]);
  expect(isAtLeast(undefined, "viewer")).toBe(false);
});
