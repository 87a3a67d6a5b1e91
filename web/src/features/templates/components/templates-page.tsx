"use client";
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import Link from "next/link";
import { useSearchParams } from "next/navigation";
import { ForRole } from "@/components/domain/for-role";
import { buttonClass } from "@/components/ui/button";
import { PageFrame } from "@/components/ui/page-frame";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failed } from "@/components/ui/states";
import type { TemplateName } from "@/lib/api/template-types";
import { templateName, templateUse, templates as words } from "@/messages/templates";
import { languageName, ownOf, TEMPLATES, templateNameOf, templates } from "../api/templates";
import { TemplateEditor } from "./template-editor";
import { TemplateList } from "./template-list";

/** What messages say: every template, or the one that the address bar names. */
export function TemplatesPage() {
  const params = useSearchParams();
  const name = templateNameOf(params.get("name"));
  const locale = params.get("locale");
  const one = name !== undefined && locale !== null ? { name, locale } : null;
  return (
    <PageFrame
      title={one ? words.heading(templateName[one.name], languageName(one.locale)) : words.title}
      text={one ? templateUse[one.name] : words.text}
      wide={one !== null}
      actions={
        one && (
          <Link href={TEMPLATES} className={buttonClass()}>
            <ArrowLeft aria-hidden="true" className="size-3.5" />
            {words.back}
          </Link>
        )
      }
    >
      <ForRole least="analyst">
        <Content one={one} />
      </ForRole>
    </PageFrame>
  );
}

function Content({ one }: { one: { name: TemplateName; locale: string } | null }) {
  const query = useQuery(templates.all());
  if (query.isPending) return <SkeletonRows rows={6} rowClass="h-16" />;
  if (!query.data) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  if (!one) return <TemplateList own={query.data.items} />;
  const { name, locale } = one;
  return (
    <TemplateEditor
      key={`${name} ${locale}`}
      name={name}
      locale={locale}
      own={ownOf(query.data.items, name, locale)}
    />
  );
}
