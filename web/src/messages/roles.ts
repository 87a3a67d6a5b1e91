// Every sentence about what a role may see.
import type { Role } from "@/lib/api/types";

const oneOf: Record<Role, string> = {
  viewer: "a viewer",
  analyst: "an analyst",
  approver: "an approver",
  admin: "an admin",
};

const andAbove: Record<Role, string> = {
  viewer: "everybody who is signed in",
  analyst: "analysts, approvers and admins",
  approver: "approvers and admins",
  admin: "admins",
};

export const needs = {
  title: (least: Role) => `This is for ${andAbove[least]}`,
  text: (now: Role, least: Role) =>
    `You are ${oneOf[now]}. Whoever runs this installation can make you ${oneOf[least]} (crisislens users role). Then sign in again.`,
  refused: "Your role does not let you see this",
  refusedText:
    "Whoever runs this installation can give you another role (crisislens users role). Then sign in again.",
} as const;
