"use client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { inputClass } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { Skeleton } from "@/components/ui/skeleton";
import { keys } from "@/lib/api/keys";
import { type Preferences, SEVERITIES, type Severity } from "@/lib/api/types";
import { en, severityName } from "@/messages/en";
import { preferencesQuery, savePreferences } from "../api/inbox";

/** What the person wants to be told, and where. Every change is saved at once. */
export function PreferencesForm() {
  const cache = useQueryClient();
  const { data } = useQuery(preferencesQuery());
  const save = useMutation({
    mutationFn: savePreferences,
    onMutate: (next) => cache.setQueryData<Preferences>(keys.preferences, next),
    onError: () => cache.invalidateQueries({ queryKey: keys.preferences }),
  });
  return (
    <Panel id="preferences" title={en.inbox.preferences} bodyClass="flex flex-col gap-3 p-4">
      {!data && <Skeleton className="h-28" />}
      {data && (
        <>
          <Check
            label={en.inbox.viaInbox}
            checked={data.inbox}
            onChange={(inbox) => save.mutate({ ...data, inbox })}
          />
          <Check
            label={en.inbox.viaEmail}
            checked={data.email}
            onChange={(email) => save.mutate({ ...data, email })}
          />
          <label className="flex flex-col gap-1 text-ink-2 text-xs">
            {en.inbox.minSeverity}
            <select
              className={inputClass}
              value={data.min_severity}
              onChange={(event) => save.mutate({ ...data, min_severity: event.target.value as Severity })}
            >
              {SEVERITIES.map((severity) => (
                <option key={severity} value={severity}>
                  {severityName[severity]}
                </option>
              ))}
            </select>
          </label>
        </>
      )}
      <p role="status" className="min-h-4 text-ink-3 text-xs">
        {save.isSuccess && en.inbox.saved}
        {save.isError && en.inbox.failed}
      </p>
    </Panel>
  );
}

function Check({
  label,
  checked,
  onChange,
}: {
  label: string;
  checked: boolean;
  onChange: (next: boolean) => void;
}) {
  return (
    <label className="flex min-h-7 cursor-pointer items-center gap-2 text-[13px]">
      <input
        type="checkbox"
        className="size-3.5 accent-accent"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
      {label}
    </label>
  );
}
