"use client";
import { useEffect, useId, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Check } from "@/components/ui/field";
import type { Kept } from "@/lib/api/kept";
import { type FieldProblems, fieldProblems } from "@/lib/api/problem";
import { useKeepFocus } from "@/lib/use-keep-focus";
import { useSaveKept } from "@/lib/use-save-kept";
import { useShowProblem } from "@/lib/use-show-problem";
import { setUp as words } from "@/messages/set-up";
import type { Kind, Question } from "./kind";

/** Adds a thing, or changes the one that is given. */
export function SetUpDialog<T extends object, Draft extends object>({
  kind: { api, words: own, draftOf, bodyOf, problemsOf, askOf, Fields },
  kept,
  onClose,
  onSaved,
}: {
  kind: Kind<T, Draft>;
  kept?: Kept<T>;
  onClose: () => void;
  onSaved: (saved: Kept<T>) => void;
}) {
  /** What the draft was begun from. */
  const [base, setBase] = useState(kept);
  const [draft, setDraft] = useState(() => draftOf(kept));
  const [found, setFound] = useState<FieldProblems>({});
  const [isGone, setIsGone] = useState(false);
  const [question, setQuestion] = useState<Question | null>(null);
  const [isSure, setIsSure] = useState(false);
  const { save, isConflict, changed, newest } = useSaveKept(api, base, onSaved);
  const form = useKeepFocus<HTMLDivElement>();
  const show = useShowProblem(form, save.error);
  /** A yes is to what was asked of it, and to no other draft. */
  const unask = () => {
    setQuestion(null);
    setIsSure(false);
  };
  const change = (part: Partial<Draft>) => {
    changed();
    setDraft((now) => ({ ...now, ...part }));
    setFound({});
    unask();
  };
  const submit = () => {
    const problems = problemsOf(draft);
    setFound(problems);
    if (Object.keys(problems).length > 0) return show();
    const asked = askOf?.(draft) ?? null;
    setQuestion(asked);
    if (!asked || isSure) save.mutate(bodyOf(draft));
  };
  const reload = async () => {
    const fresh = await newest();
    setIsGone(fresh === undefined);
    if (!fresh) return;
    setBase(fresh);
    setDraft(draftOf(fresh));
    unask();
    save.reset();
  };
  const conflict = isConflict && new Error(isGone ? words.deletedMeanwhile : words.changedMeanwhile);
  return (
    <Confirm
      wide
      title={kept ? own.edit : own.add}
      action={save.isPending ? words.saving : words.save}
      busy={save.isPending}
      error={conflict || save.error}
      remedy={
        conflict &&
        !isGone && <Button onClick={() => void reload().catch(() => setIsGone(false))}>{words.reload}</Button>
      }
      onConfirm={submit}
      onClose={onClose}
    >
      <div ref={form} tabIndex={-1} className="flex flex-col gap-3 outline-none">
        <Fields draft={draft} onChange={change} problems={{ ...fieldProblems(save.error), ...found }} />
      </div>
      {question && <AskOnce question={question} isSure={isSure} onSure={setIsSure} />}
    </Confirm>
  );
}

/** What is asked before it is saved; the way to say yes has the focus. */
function AskOnce({
  question: { text, yes },
  isSure,
  onSure,
}: {
  question: Question;
  isSure: boolean;
  onSure: (isSure: boolean) => void;
}) {
  const id = useId();
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <div className="flex flex-col gap-1 rounded-md bg-high-soft px-3 py-2 text-high">
      <p id={id} role="alert" className="break-words font-medium">
        {text}
      </p>
      <Check
        ref={box}
        label={yes}
        aria-describedby={id}
        checked={isSure}
        onChange={({ target }) => onSure(target.checked)}
      />
    </div>
  );
}
