import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { type Kept, keptAt } from "@/lib/api/kept";
import { keys } from "@/lib/api/keys";
import {
  type Shown,
  TEMPLATE_NAMES,
  type Template,
  type TemplateName,
  type TemplateVariables,
  type TemplateVersions,
  type TestSent,
} from "@/lib/api/template-types";
import type { Channel } from "@/lib/api/types";
import { localeName } from "@/messages/notify";

export const TEMPLATES = "/templates";
export const templates = keptAt<Template>("/api/templates");

export const pathOf = (name: TemplateName, locale: string) =>
  `${TEMPLATES}?name=${name}&locale=${encodeURIComponent(locale)}`;

/** Which variables each name has; they change only with the program. */
export const variablesQuery = () =>
  queryOptions({
    queryKey: keys.templateVariables,
    queryFn: ({ signal }) => api<TemplateVariables[]>(`${templates.path}/variables`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const versionsQuery = ({ id, version }: Kept<Template>) =>
  queryOptions({
    queryKey: [...keys.templateVersions(id), version],
    queryFn: ({ signal }) =>
      api<TemplateVersions>(`${templates.path}/${encodeURIComponent(id)}/versions`, { signal }),
    placeholderData: keepPreviousData,
  });

/** What a template comes to with an alert's data, or with a sample's. */
export const previewQuery = (template: Template, alert: string | null) => {
  const body = { ...template, ...(alert && { alert_id: alert }) };
  return queryOptions({
    queryKey: keys.templatePreview(body),
    queryFn: ({ signal }) => api<Shown>(`${templates.path}/preview`, { method: "POST", body, signal }),
    placeholderData: keepPreviousData,
  });
};

export const sendTest = (channel: Channel, template: Template) =>
  api<TestSent>("/api/notifications/test", { method: "POST", body: { channel, template } });

export function templateNameOf(text: string | null): TemplateName | undefined {
  return TEMPLATE_NAMES.find((name) => name === text);
}

/** Languages of a name: those that texts are shipped in, and those that there are own ones for. */
export function localesOf(name: TemplateName, own: readonly Template[]): string[] {
  const shipped = Object.keys(localeName);
  const more = own.filter((one) => one.name === name).map(({ locale }) => locale);
  return [...shipped, ...more.filter((locale) => !shipped.includes(locale)).sort()];
}

/** The own template of a name and language; the server tells languages apart in any case. */
export function ownOf(
  all: readonly Kept<Template>[] | undefined,
  name: TemplateName,
  locale: string,
): Kept<Template> | undefined {
  return all?.find((one) => one.name === name && one.locale.toLowerCase() === locale.toLowerCase());
}

const languages = new Intl.DisplayNames("en", { type: "language", fallback: "none" });

/** `Español`, `Brazilian Portuguese`; the code where it stands for nothing. */
export function languageName(locale: string): string {
  try {
    return localeName[locale] ?? languages.of(locale) ?? locale;
  } catch {
    return locale;
  }
}

/** Whether an alert's data can stand in it. */
export const isOfAlert = (name: TemplateName) =>
  name === "alert" || name === "correction" || name === "escalation";
