"use client";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";
import { HazardLabel } from "@/components/domain/hazard-icon";
import { Check, Field, Problem, SelectField } from "@/components/ui/field";
import type { FieldProblems } from "@/lib/api/problem";
import { sourcesQuery } from "@/lib/api/sources";
import { HAZARDS, type HazardType, SEVERITIES, type Severity } from "@/lib/api/types";
import { prefs } from "@/messages/notify";
import { countryName, keptParts, type SubscriptionDraft, wordsIn } from "../api/subscription-draft";

interface FieldsProps {
  draft: SubscriptionDraft;
  onChange: (part: Partial<SubscriptionDraft>) => void;
  problems: FieldProblems;
}

/** Every part of a subscription that can be edited here. */
export function SubscriptionFields({ draft, onChange, problems }: FieldsProps) {
  const id = useId();
  const meant = wordsIn(draft.countries.toUpperCase()).map(countryName).join(", ");
  const kept = keptParts(draft.rest);
  return (
    <>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field
          id={`${id}-name`}
          label={prefs.label}
          hint={prefs.nameHint}
          problem={problems.name}
          maxLength={100}
          value={draft.name}
          onChange={({ target }) => onChange({ name: target.value })}
        />
        <SelectField
          id={`${id}-severity`}
          label={prefs.minSeverity}
          problem={problems["match.min_severity"]}
          value={draft.min_severity}
          onChange={({ target }) => onChange({ min_severity: target.value as Severity | "" })}
        >
          <option value="">{prefs.anySeverity}</option>
          {SEVERITIES.map((severity) => (
            <option key={severity} value={severity}>
              {prefs.andAbove(severity)}
            </option>
          ))}
        </SelectField>
        <Field
          id={`${id}-countries`}
          label={prefs.countries}
          hint={meant ? prefs.countriesMeant(meant) : prefs.countriesHint}
          problem={problems["match.country"]}
          spellCheck={false}
          autoComplete="off"
          value={draft.countries}
          onChange={({ target }) => onChange({ countries: target.value })}
        />
        <Field
          id={`${id}-keywords`}
          label={prefs.keywords}
          hint={prefs.keywordsHint}
          problem={problems["match.keyword"]}
          autoComplete="off"
          value={draft.keywords}
          onChange={({ target }) => onChange({ keywords: target.value })}
        />
      </div>
      <Group label={prefs.hazards} problem={problems["match.hazard"]}>
        <div className="grid grid-cols-2 gap-x-4 sm:grid-cols-3">
          {HAZARDS.filter((hazard) => hazard !== "none").map((hazard) => (
            <Check
              key={hazard}
              label={<HazardLabel hazard={hazard} className="min-w-0" />}
              checked={draft.hazards.includes(hazard)}
              onChange={() => onChange({ hazards: toggled(draft.hazards, hazard) })}
            />
          ))}
        </div>
      </Group>
      <SourceField draft={draft} onChange={onChange} problems={problems} />
      <Group label={prefs.circle} hint={prefs.circleText} problem={problems["match.circle"]}>
        <div className="grid grid-cols-3 gap-2">
          {(["lat", "lon", "km"] as const).map((part) => (
            <Field
              key={part}
              id={`${id}-${part}`}
              label={prefs[part]}
              inputMode="decimal"
              type="number"
              step="any"
              value={draft[part]}
              onChange={({ target }) => onChange({ [part]: target.value })}
            />
          ))}
        </div>
      </Group>
      {kept.length > 0 && <p className="text-ink-3 text-xs">{prefs.kept(kept.join(", "))}</p>}
    </>
  );
}

/** Names of sources, as typed or chosen from those that there are. */
function SourceField({ draft, onChange, problems }: FieldsProps) {
  const id = useId();
  const query = useQuery(sourcesQuery());
  const chosen = wordsIn(draft.sources);
  const others = (query.data?.items ?? []).map(({ name }) => name).filter((name) => !chosen.includes(name));
  return (
    <div className="flex flex-col gap-1.5">
      <Field
        id={id}
        label={prefs.sources}
        hint={prefs.sourcesHint}
        problem={problems["match.source"]}
        spellCheck={false}
        autoComplete="off"
        value={draft.sources}
        onChange={({ target }) => onChange({ sources: target.value })}
      />
      {others.length > 0 && (
        <fieldset aria-label={prefs.knownSources} className="flex flex-wrap gap-1">
          {others.map((name) => (
            <button
              key={name}
              type="button"
              className="h-6 rounded bg-raised px-1.5 text-ink-2 text-xs hover:bg-hover hover:text-ink"
              onClick={() => onChange({ sources: [...chosen, name].join(", ") })}
            >
              + {name}
            </button>
          ))}
        </fieldset>
      )}
    </div>
  );
}

function Group({
  label,
  hint,
  problem,
  children,
}: {
  label: string;
  hint?: string;
  problem: string | undefined;
  children: ReactNode;
}) {
  return (
    <fieldset className="flex min-w-0 flex-col gap-1">
      <legend className="mb-1 font-medium text-ink-2 text-xs">{label}</legend>
      {children}
      {hint && <p className="text-ink-3 text-xs">{hint}</p>}
      <Problem text={problem} />
    </fieldset>
  );
}

function toggled(chosen: HazardType[], hazard: HazardType): HazardType[] {
  return chosen.includes(hazard) ? chosen.filter((other) => other !== hazard) : [...chosen, hazard];
}
