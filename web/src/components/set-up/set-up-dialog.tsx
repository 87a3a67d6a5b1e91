"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import type { Kept } from "@/lib/api/kept";
import { type FieldProblems, fieldProblems } from "@/lib/api/problem";
import { useSaveKept } from "@/lib/use-save-kept";
import { setUp as words } from "@/messages/set-up";
import type { Kind } from "./kind";

/** Adds a thing, or changes the one that is given. */
export function SetUpDialog<T extends object, Draft extends object>({
  kind: { api, words: own, draftOf, bodyOf, problemsOf, Fields },
  kept,
  onClose,
}: {
  kind: Kind<T, Draft>;
  kept?: Kept<T>;
  onClose: () => void;
}) {
  /** What the draft was begun from. */
  const [base, setBase] = useState(kept);
  const [draft, setDraft] = useState(() => draftOf(kept));
  const [found, setFound] = useState<FieldProblems>({});
  const [isGone, setIsGone] = useState(false);
  const { save, isConflict, changed, newest } = useSaveKept(api, base, onClose);
  const change = (part: Partial<Draft>) => {
    changed();
    setDraft((now) => ({ ...now, ...part }));
    setFound({});
  };
  const submit = () => {
    const problems = problemsOf(draft);
    setFound(problems);
    if (Object.keys(problems).length === 0) save.mutate(bodyOf(draft));
  };
  const reload = async () => {
    const fresh = await newest();
    setIsGone(fresh === undefined);
    if (!fresh) return;
    setBase(fresh);
    setDraft(draftOf(fresh));
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
      <Fields draft={draft} onChange={change} problems={{ ...fieldProblems(save.error), ...found }} />
    </Confirm>
  );
}
