// A template while it is edited.
import {
  TEMPLATE_PARTS,
  type Template,
  type TemplateName,
  type TemplatePart,
} from "@/lib/api/template-types";

/** Each part as typed; empty is the shipped one. */
export type Draft = Record<TemplatePart, string>;

export function draftOf(template?: Template): Draft {
  const parts = TEMPLATE_PARTS.map((part) => [part, template?.[part] ?? ""]);
  return Object.fromEntries(parts);
}

/** Parts without a text are left out. */
export function templateOf(name: TemplateName, locale: string, draft: Draft): Template {
  const parts = TEMPLATE_PARTS.filter((part) => draft[part].trim() !== "").map((part) => [part, draft[part]]);
  return { name, locale, ...Object.fromEntries(parts) };
}

export function isSame(one: Draft, other: Draft): boolean {
  return TEMPLATE_PARTS.every((part) => one[part] === other[part]);
}
