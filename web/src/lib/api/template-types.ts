// Wire types of message templates.
import type { Timestamp } from "@crisislens/client";
import type { Page } from "./types";

export const TEMPLATE_NAMES = [
  "alert",
  "correction",
  "escalation",
  "digest",
  "new_item",
  "claim_verified",
  "mention",
] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

/** What a template is made of. A part that it does not have is the shipped one. */
export const TEMPLATE_PARTS = ["subject", "text", "html", "sms", "push", "webhook"] as const;
export type TemplatePart = (typeof TEMPLATE_PARTS)[number];

/** What a template of the name can have: digests go by e-mail and push alone, mentions by short texts. */
export function partsOf(name: TemplateName): readonly TemplatePart[] {
  if (name === "mention") return ["subject", "text", "sms"];
  return name === "digest" ? TEMPLATE_PARTS.filter((part) => part !== "webhook") : TEMPLATE_PARTS;
}

export interface Template extends Partial<Record<TemplatePart, string | null>> {
  name: TemplateName;
  /** BCP 47. */
  locale: string;
}

export interface TemplateVersion {
  version: number;
  changed_at: Timestamp;
  by: string;
  it: Template;
}

export type TemplateVersions = Page<TemplateVersion>;

export interface Variable {
  name: string;
  meaning: string;
  example: string;
  /** Whether the part `html` alone has it. */
  html_only: boolean;
  /** Whether the part `webhook` alone has it. */
  webhook_only: boolean;
}

export interface TemplateVariables {
  name: TemplateName;
  variables: Variable[];
}

/** What a template comes to, as each channel has it. */
export interface Shown {
  subject: string;
  text: string;
  html: string;
  sms: { text: string; segments: number; encoding: "GSM-7" | "UCS-2" };
  push: { title: string; body: string };
  /** The whole body; null where none is sent for the name. */
  webhook: unknown;
}

export interface TestSent {
  notification_id: string;
  /** One for each address. */
  deliveries: string[];
}
