"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Confirm } from "@/components/ui/confirm";
import { SelectField } from "@/components/ui/field";
import { keys } from "@/lib/api/keys";
import { fieldProblems } from "@/lib/api/problem";
import type { Alert } from "@/lib/api/types";
import { alerts as words } from "@/messages/alerts";
import { acknowledgeAlert } from "../api/alerts";

/** Minutes to choose from, beside for good. */
const MINUTES = [30, 60, 4 * 60, 12 * 60, 24 * 60] as const;

/** Says that one knows of an alert and sees to it, for good or for a while. */
export function AcknowledgeDialog({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  const id = useId();
  const cache = useQueryClient();
  const [minutes, setMinutes] = useState<number | null>(null);
  const acknowledge = useMutation({
    mutationFn: () => acknowledgeAlert(alert.id, minutes),
    onSuccess: async () => {
      // Closed once the page says so.
      await cache.invalidateQueries({ queryKey: keys.alert(alert.id) });
      onClose();
    },
  });
  return (
    <Confirm
      title={words.acknowledgeTitle}
      action={words.acknowledge}
      busy={acknowledge.isPending}
      error={acknowledge.error}
      onConfirm={() => acknowledge.mutate()}
      onClose={onClose}
    >
      <p className="font-semibold">{alert.title}</p>
      <p className="text-ink-2">{words.acknowledgeText}</p>
      <SelectField
        id={id}
        label={words.acknowledgeFor}
        problem={fieldProblems(acknowledge.error).expires_minutes}
        value={minutes ?? ""}
        onChange={({ target }) => setMinutes(target.value === "" ? null : Number(target.value))}
      >
        <option value="">{words.forGood}</option>
        {MINUTES.map((each) => (
          <option key={each} value={each}>
            {words.forMinutes(each)}
          </option>
        ))}
      </SelectField>
    </Confirm>
  );
}
