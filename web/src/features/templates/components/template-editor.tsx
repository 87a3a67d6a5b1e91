"use client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { SetUpDelete } from "@/components/set-up/set-up-delete";
import type { Kept } from "@/lib/api/kept";
import { fieldProblems } from "@/lib/api/problem";
import { partsOf, type Template, type TemplateName, type TemplatePart } from "@/lib/api/template-types";
import type { Page } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { upsert } from "@/lib/realtime/upsert";
import { isAtLeast } from "@/lib/role";
import { useKeepFocus } from "@/lib/use-keep-focus";
import { useMe } from "@/lib/use-me";
import { isAnswer, useSaveKept } from "@/lib/use-save-kept";
import { useSettled } from "@/lib/use-settled";
import { setUp } from "@/messages/set-up";
import { templateName, templates as words } from "@/messages/templates";
import { type Draft, draftOf, isSame, templateOf } from "../api/draft";
import { languageName, previewQuery, templates } from "../api/templates";
import { useSubject } from "../hooks/use-subject";
import { PartsForm } from "./parts-form";
import { PreviewPanel } from "./preview-panel";
import { TestPanel } from "./test-panel";
import { VariablesPanel } from "./variables-panel";
import { VersionsPanel } from "./versions-panel";

/** A preview is asked for when nobody has typed for so long. */
const SETTLE_MS = 300;
const COLUMN = "flex min-w-0 flex-col gap-4";

/** One template: its parts, what they come to, what they can say, a test of it, and how it was before. */
export function TemplateEditor({
  name,
  locale,
  own,
}: {
  name: TemplateName;
  locale: string;
  own: Kept<Template> | undefined;
}) {
  const cache = useQueryClient();
  const isEditor = isAtLeast(useMe().data?.role, "approver");
  /** What the draft was begun from. */
  const [base, setBase] = useState(own);
  const [draft, setDraft] = useState(() => draftOf(own));
  const [restored, setRestored] = useState<number | null>(null);
  const [isDeleting, setIsDeleting] = useState(false);
  const isChanged = !isSame(draft, draftOf(base));
  const begin = (from: Kept<Template> | undefined) => {
    setBase(from);
    setDraft(draftOf(from));
    setRestored(null);
  };
  const [seen, setSeen] = useState(own);
  if (seen !== own) {
    setSeen(own);
    // Changed elsewhere: what nobody has touched here follows.
    if (!isChanged) begin(own);
  }
  const { save, isConflict, changed } = useSaveKept(templates, base, (saved) => {
    cache.setQueryData<Page<Kept<Template>>>(
      templates.key,
      (page) => page && upsert(page, saved, () => true),
    );
    begin(saved);
  });
  const place = useKeepFocus<HTMLDivElement>();
  const subject = useSubject(name);
  const template = templateOf(name, locale, draft);
  const preview = useQuery(previewQuery(useSettledTemplate(name, locale, draft), subject.alert));
  const change = (part: Partial<Draft>) => {
    changed();
    save.reset();
    setDraft((now) => ({ ...now, ...part }));
  };
  const lastTyped = useRef<HTMLTextAreaElement | null>(null);
  const insert = (variable: string) => {
    const field = lastTyped.current;
    if (!field) return;
    const { selectionStart, selectionEnd } = field;
    field.setRangeText(`{{ ${variable} }}`, selectionStart, selectionEnd, "end");
    field.focus();
    change({ [field.name as TemplatePart]: field.value });
  };
  // Two who begin at once: the second one's is none of its own.
  const isSecond = !base && isAnswer(save.error, 409);
  return (
    // In the order in which they are read on a phone, and with the keyboard; the preview is beside all of it on a wide screen.
    <div
      ref={place}
      tabIndex={-1}
      className="grid items-start gap-4 outline-none lg:grid-cols-2 lg:grid-rows-[auto_1fr]"
    >
      <div className={COLUMN}>
        <PartsForm
          parts={partsOf(name)}
          draft={draft}
          problems={{ ...fieldProblems(preview.error), ...fieldProblems(save.error) }}
          isEditor={isEditor}
          isChanged={isChanged}
          own={base}
          restored={restored}
          save={save}
          conflict={isSecond ? words.madeMeanwhile : isConflict ? setUp.changedMeanwhile : null}
          onReload={() => {
            save.reset();
            begin(own);
          }}
          onChange={change}
          onTyping={(field) => {
            lastTyped.current = field;
          }}
          onSave={() => save.mutate(template)}
          onDiscard={() => {
            save.reset();
            begin(own);
          }}
          onDelete={() => setIsDeleting(true)}
        />
      </div>
      <div className={cx(COLUMN, "lg:row-span-2")}>
        <PreviewPanel query={preview} subject={subject} />
        <VariablesPanel name={name} onInsert={isEditor ? insert : null} />
      </div>
      <div className={COLUMN}>
        <TestPanel template={template} />
        {own && (
          <VersionsPanel
            own={own}
            onRestore={
              isEditor
                ? ({ version, it }) => {
                    change(draftOf(it));
                    setRestored(version);
                  }
                : null
            }
          />
        )}
      </div>
      {isDeleting && own && (
        <SetUpDelete
          kind={{
            api: templates,
            nameOf: () => words.heading(templateName[name], languageName(locale)),
            words: { deleteText: words.deleteText },
          }}
          kept={own}
          onClose={() => setIsDeleting(false)}
        />
      )}
    </div>
  );
}

/** The template as typed, once nobody types any more. */
function useSettledTemplate(name: TemplateName, locale: string, draft: Draft): Template {
  return templateOf(name, locale, useSettled(draft, SETTLE_MS));
}
