import { ROLES, type Role } from "./api/types";

/** Whether `role` may do what `least` may; nobody may anything while it is not known who they are. */
export function isAtLeast(role: Role | undefined, least: Role): boolean {
  return role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(least);
}
