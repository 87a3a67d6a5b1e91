"use client";
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import Link from "next/link";
import { useSearchParams } from "next/navigation";
import { buttonClass } from "@/components/ui/button";
import { PageFrame } from "@/components/ui/page-frame";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failed } from "@/components/ui/states";
import { templateName, templateUse, templates as words } from "@/messages/templates";
import { languageName, ownOf, TEMPLATES, templateNameOf, templates } from "../api/templates";
import { TemplateEditor } from "./template-editor";
import { TemplateList } from "./template-list";

/** What messages say: every template, or the one that the address bar names. */
export function TemplatesPage() {
  const query = useQuery(templates.all());
  const params = useSearchParams();
  const name = templateNameOf(params.get("name"));
  const locale = params.get("locale");
  const isOne = name !== undefined && locale !== null;
  return (
    <PageFrame
      title={isOne ? words.heading(templateName[name], languageName(locale)) : words.title}
      text={isOne ? templateUse[name] : words.text}
      wide={isOne}
      actions={
        isOne && (
          <Link href={TEMPLATES} className={buttonClass()}>
            <ArrowLeft aria-hidden="true" className="size-3.5" />
            {words.back}
          </Link>
        )
      }
    >
      {query.isPending && <SkeletonRows rows={6} rowClass="h-16" />}
      {query.isError && !query.data && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && !isOne && <TemplateList own={query.data.items} />}
      {query.data && isOne && (
        <TemplateEditor
          key={`${name} ${locale}`}
          name={name}
          locale={locale}
          own={ownOf(query.data.items, name, locale)}
        />
      )}
    </PageFrame>
  );
}
