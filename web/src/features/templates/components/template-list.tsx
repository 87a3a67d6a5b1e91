import Link from "next/link";
import { Badge } from "@/components/ui/badge";
import type { Kept } from "@/lib/api/kept";
import { TEMPLATE_NAMES, type Template, type TemplateName } from "@/lib/api/template-types";
import { templateName, templateUse, templates as words } from "@/messages/templates";
import { languageName, localesOf, ownOf, pathOf } from "../api/templates";
import { OtherLanguage } from "./other-language";

/** Every template by what it is for and by language. */
export function TemplateList({ own }: { own: readonly Kept<Template>[] }) {
  return (
    <div className="flex flex-col gap-4">
      <ul className="overflow-hidden rounded-lg border border-line bg-panel shadow-panel">
        {TEMPLATE_NAMES.map((name) => (
          <li
            key={name}
            className="flex flex-wrap items-center gap-x-6 gap-y-2.5 border-line border-b px-4 py-3.5 last:border-b-0"
          >
            <div className="min-w-0 flex-1 basis-52">
              <h2 className="font-semibold text-[13px]">{templateName[name]}</h2>
              <p className="text-ink-3 text-xs">{templateUse[name]}</p>
            </div>
            <ul className="grid w-full gap-1.5 sm:grid-cols-2 md:w-[30rem]">
              {localesOf(name, own).map((locale) => (
                <Choice key={locale} name={name} locale={locale} own={ownOf(own, name, locale)} />
              ))}
            </ul>
          </li>
        ))}
      </ul>
      <OtherLanguage />
    </div>
  );
}

function Choice({
  name,
  locale,
  own,
}: {
  name: TemplateName;
  locale: string;
  own: Kept<Template> | undefined;
}) {
  return (
    <li>
      <Link
        href={pathOf(name, locale)}
        data-template={`${name} ${locale}`}
        className="flex min-h-8 items-center justify-between gap-2 rounded-md border border-line px-2.5 py-1 text-[13px] transition-colors hover:border-line-strong hover:bg-hover"
      >
        <span className="min-w-0 truncate">
          <span className="sr-only">{templateName[name]}, </span>
          <span lang={locale}>{languageName(locale)}</span>
        </span>{" "}
        {own ? (
          <Badge tone="accent">{words.own(own.version)}</Badge>
        ) : (
          <span className="text-2xs text-ink-3">{words.shipped}</span>
        )}
      </Link>
    </li>
  );
}
