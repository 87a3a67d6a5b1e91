"use client";
import { useId, useState } from "react";
import { Confirm } from "@/components/ui/confirm";
import { Field, SelectField, TextField } from "@/components/ui/field";
import { fieldProblems } from "@/lib/api/problem";
import { type Alert, SEVERITIES, type Severity } from "@/lib/api/types";
import { alerts as words } from "@/messages/alerts";
import { en, severityName } from "@/messages/en";
import { correctAlert } from "../api/alerts";
import { type CorrectionDraft, correctionDraft, correctionOf } from "../api/correction";
import { useAlertAction } from "../hooks/use-alert-action";
import { MAX_REASON } from "./alert-dialogs";

/** Longest title and name of an area that the server takes. */
const MAX_TITLE = 200;

/** Puts an alert right, and says why. */
export function CorrectDialog({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  const id = useId();
  // What was shown when the dialog opened: somebody else's change meanwhile is none of ours.
  const [shown] = useState(alert);
  const [draft, setDraft] = useState(() => correctionDraft(alert));
  const correct = useAlertAction(alert.id, (next: CorrectionDraft) =>
    correctAlert(alert.id, correctionOf(next, shown)),
  );
  const problems = fieldProblems(correct.error);
  const field = (name: "reason" | "title" | "message" | "area") => ({
    id: `${id}-${name}`,
    problem: problems[name],
    required: true,
    value: draft[name],
    onChange: ({ target }: { target: { value: string } }) =>
      setDraft((now) => ({ ...now, [name]: target.value })),
  });
  const isIncomplete = [draft.reason, draft.title, draft.message, draft.area].some(
    (text) => text.trim() === "",
  );
  return (
    <Confirm
      wide
      title={words.correctTitle}
      action={words.correct}
      busy={correct.isPending}
      disabled={isIncomplete}
      error={correct.error}
      onConfirm={() => correct.mutate(draft, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p className="text-ink-2">{words.correctText}</p>
      <TextField
        label={en.reason}
        hint={words.reasonHint}
        rows={2}
        maxLength={MAX_REASON}
        {...field("reason")}
      />
      <Field label={words.title} maxLength={MAX_TITLE} {...field("title")} />
      <TextField label={words.message} rows={4} maxLength={MAX_REASON} {...field("message")} />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label={words.area} maxLength={MAX_TITLE} {...field("area")} />
        <SelectField
          id={`${id}-severity`}
          label={en.item.severity}
          problem={problems.severity}
          value={draft.severity}
          onChange={({ target }) => setDraft((now) => ({ ...now, severity: target.value as Severity }))}
        >
          {SEVERITIES.map((severity) => (
            <option key={severity} value={severity}>
              {severityName[severity]}
            </option>
          ))}
        </SelectField>
      </div>
    </Confirm>
  );
}
