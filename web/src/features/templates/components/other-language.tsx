"use client";
import { useRouter } from "next/navigation";
import { type FormEvent, useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, SelectField } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { TEMPLATE_NAMES, type TemplateName } from "@/lib/api/template-types";
import { templateName, templates as words } from "@/messages/templates";
import { pathOf } from "../api/templates";

/** What the server takes for a language. */
const LOCALE = /^[a-z0-9-]{2,35}$/i;

/** Opens a template in a language that nothing is shipped in. */
export function OtherLanguage() {
  const id = useId();
  const router = useRouter();
  const [name, setName] = useState<TemplateName>("alert");
  const [locale, setLocale] = useState("");
  const [isWrong, setIsWrong] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const given = locale.trim();
    setIsWrong(!LOCALE.test(given));
    if (LOCALE.test(given)) router.push(pathOf(name, given));
  };
  return (
    <Panel id="other" title={words.other} bodyClass="p-4">
      <form aria-label={words.other} onSubmit={submit} className="flex flex-wrap items-start gap-3">
        <SelectField
          id={`${id}-name`}
          className="basis-48"
          label={words.otherName}
          value={name}
          onChange={({ target }) => setName(target.value as TemplateName)}
        >
          {TEMPLATE_NAMES.map((each) => (
            <option key={each} value={each}>
              {templateName[each]}
            </option>
          ))}
        </SelectField>
        <Field
          id={`${id}-locale`}
          className="flex-1 basis-64"
          label={words.otherLocale}
          hint={words.otherHint}
          problem={isWrong ? words.noLocale : undefined}
          spellCheck={false}
          autoComplete="off"
          value={locale}
          onChange={({ target }) => setLocale(target.value)}
        />
        <Button type="submit" className="mt-5 h-9">
          {words.open}
        </Button>
      </form>
    </Panel>
  );
}
