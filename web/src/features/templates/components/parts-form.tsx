"use client";
import { Check, TriangleAlert } from "lucide-react";
import { type FormEvent, useId, useRef } from "react";
import { Button } from "@/components/ui/button";
import { TextField } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import type { Kept } from "@/lib/api/kept";
import type { FieldProblems } from "@/lib/api/problem";
import { TEMPLATE_PARTS, type Template, type TemplatePart } from "@/lib/api/template-types";
import { useShowProblem } from "@/lib/use-show-problem";
import { setUp } from "@/messages/set-up";
import { partHint, partName, templates as words } from "@/messages/templates";
import type { Draft } from "../api/draft";

/** Longest source of a part that the server takes. */
const MAX_SOURCE = 20_000;
const ROWS: Record<TemplatePart, number> = { subject: 2, text: 5, html: 7, sms: 3, push: 3, webhook: 5 };

interface PartsProps {
  /** Those that such a template can have. */
  parts: readonly TemplatePart[];
  draft: Draft;
  /** By part, as the server says them. */
  problems: FieldProblems;
  isEditor: boolean;
  isChanged: boolean;
  own: Kept<Template> | undefined;
  /** The version that was filled in, if one was. */
  restored: number | null;
  save: { isPending: boolean; isSuccess: boolean; error: Error | null };
  /** Why it cannot be saved, where somebody else was first. */
  conflict: string | null;
  onReload: () => void;
  onChange: (part: Partial<Draft>) => void;
  onTyping: (field: HTMLTextAreaElement) => void;
  onSave: () => void;
  onDiscard: () => void;
  onDelete: () => void;
}

/** The parts of a template, and whether they are saved. */
export function PartsForm(props: PartsProps) {
  const { draft, problems, isEditor, isChanged, own, save, onChange, onTyping } = props;
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  useShowProblem(form, save.error);
  const isIdle = !isChanged || save.isPending;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isIdle) props.onSave();
  };
  return (
    <Panel id="parts" title={words.parts} bodyClass="p-4">
      <form ref={form} aria-label={words.parts} onSubmit={submit} className="flex flex-col gap-3.5">
        {!isEditor && <p className="rounded-md bg-raised px-3 py-2 text-ink-2 text-xs">{words.readOnly}</p>}
        {props.parts.map((part) => (
          <TextField
            key={part}
            id={`${id}-${part}`}
            name={part}
            label={partName[part]}
            hint={`${partHint[part]} ${insteadOf(part, draft)}`.trim()}
            problem={problems[part]}
            rows={ROWS[part]}
            maxLength={MAX_SOURCE}
            readOnly={!isEditor}
            spellCheck={false}
            wrap={part === "html" ? "off" : undefined}
            value={draft[part]}
            onFocus={({ currentTarget }) => onTyping(currentTarget)}
            onChange={({ target }) => onChange({ [part]: target.value })}
          />
        ))}
        {isEditor && (
          <>
            <div className="flex flex-wrap gap-2">
              {/* Not `disabled`, which would take the focus from who has just saved. */}
              <Button type="submit" look="primary" aria-disabled={isIdle}>
                {save.isPending ? words.saving : words.save}
              </Button>
              <Button aria-disabled={isIdle} onClick={() => !isIdle && props.onDiscard()}>
                {words.discard}
              </Button>
              {own && (
                <Button className="ml-auto" disabled={save.isPending} onClick={props.onDelete}>
                  {words.toShipped}
                </Button>
              )}
            </div>
            <Standing {...props} />
          </>
        )}
      </form>
    </Panel>
  );
}

/** What a part without a text is. */
function insteadOf(part: TemplatePart, draft: Draft): string {
  if (draft[part].trim() !== "") return "";
  if (part === "sms" && draft.push.trim() !== "") return words.usesPush;
  if (part === "push" && draft.sms.trim() !== "") return words.usesSms;
  return words.usesShipped;
}

/** Whether what is shown is saved, and why not. */
function Standing({ isChanged, own, restored, save, conflict, problems, onReload }: PartsProps) {
  const wrong = TEMPLATE_PARTS.filter((part) => problems[part]).map((part) => partName[part]);
  return (
    <div role="status" data-saved={!isChanged} className="flex flex-col items-start gap-2 text-[13px]">
      {save.error ? (
        <p className="flex items-start gap-1.5 text-high">
          <TriangleAlert aria-hidden="true" className="mt-0.5 size-3.5 shrink-0" />
          <span className="min-w-0 break-words">
            {conflict ??
              (wrong.length > 0 ? words.putRight(wrong.join(", ")) : words.failed(save.error.message))}
          </span>
        </p>
      ) : (
        <p className="flex items-center gap-1.5 text-ink-2">
          {!isChanged && <Check aria-hidden="true" className="size-3.5 shrink-0 text-low" />}
          {told(isChanged, own, restored, save.isSuccess)}
        </p>
      )}
      {conflict && <Button onClick={onReload}>{setUp.reload}</Button>}
    </div>
  );
}

function told(
  isChanged: boolean,
  own: Kept<Template> | undefined,
  restored: number | null,
  isSuccess: boolean,
): string {
  if (isChanged) return restored === null ? words.notSaved : words.restored(restored);
  if (!own) return words.isShipped;
  return isSuccess ? words.saved(own.version) : words.isSaved;
}
