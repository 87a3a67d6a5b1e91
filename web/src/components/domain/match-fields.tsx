"use client";
import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { HazardLabel } from "@/components/domain/hazard-icon";
import { Check, Field, SelectField } from "@/components/ui/field";
import { FieldGroup } from "@/components/ui/field-group";
import type { FieldProblems } from "@/lib/api/problem";
import { sourcesQuery } from "@/lib/api/sources";
import { HAZARDS, type HazardType, SEVERITIES, type Severity } from "@/lib/api/types";
import { countryName, keptParts, type MatchDraft, wordsIn } from "@/lib/match";
import { prefs } from "@/messages/notify";

interface FieldsProps {
  draft: MatchDraft;
  onChange: (part: Partial<MatchDraft>) => void;
  problems: FieldProblems;
  /** What the API calls the match. */
  field?: string;
}

/** Which alerts are meant: every part that can be edited. */
export function MatchFields({ draft, onChange, problems, field = "match" }: FieldsProps) {
  const id = useId();
  const meant = wordsIn(draft.countries.toUpperCase()).map(countryName).join(", ");
  const kept = keptParts(draft.rest);
  return (
    <>
      <div className="grid gap-3 sm:grid-cols-2">
        <SeveritySelect
          id={`${id}-min`}
          label={prefs.minSeverity}
          any={prefs.anySeverity}
          named={prefs.andAbove}
          problem={problems[`${field}.min_severity`]}
          value={draft.min_severity}
          onChange={(min_severity) => onChange({ min_severity })}
        />
        <SeveritySelect
          id={`${id}-max`}
          label={prefs.maxSeverity}
          any={prefs.anySeverity}
          named={prefs.andBelow}
          problem={problems[`${field}.max_severity`]}
          value={draft.max_severity}
          onChange={(max_severity) => onChange({ max_severity })}
        />
        <Field
          id={`${id}-countries`}
          label={prefs.countries}
          hint={meant ? prefs.countriesMeant(meant) : prefs.countriesHint}
          problem={problems[`${field}.country`]}
          spellCheck={false}
          autoComplete="off"
          value={draft.countries}
          onChange={({ target }) => onChange({ countries: target.value })}
        />
        <Field
          id={`${id}-keywords`}
          label={prefs.keywords}
          hint={prefs.keywordsHint}
          problem={problems[`${field}.keyword`]}
          autoComplete="off"
          value={draft.keywords}
          onChange={({ target }) => onChange({ keywords: target.value })}
        />
      </div>
      <FieldGroup label={prefs.hazards} problem={problems[`${field}.hazard`]}>
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
      </FieldGroup>
      <SourceField draft={draft} onChange={onChange} problem={problems[`${field}.source`]} />
      <FieldGroup label={prefs.circle} hint={prefs.circleText} problem={problems[`${field}.circle`]}>
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
      </FieldGroup>
      {kept.length > 0 && <p className="text-ink-3 text-xs">{prefs.kept(kept.join(", "))}</p>}
    </>
  );
}

/** One bound of the severity. */
function SeveritySelect({
  any,
  named,
  value,
  onChange,
  ...field
}: {
  id: string;
  label: string;
  problem: string | undefined;
  /** The words for no bound, and for one. */
  any: string;
  named: (severity: Severity) => string;
  value: Severity | "";
  onChange: (severity: Severity | "") => void;
}) {
  return (
    <SelectField {...field} value={value} onChange={({ target }) => onChange(target.value as Severity | "")}>
      <option value="">{any}</option>
      {SEVERITIES.map((severity) => (
        <option key={severity} value={severity}>
          {named(severity)}
        </option>
      ))}
    </SelectField>
  );
}

/** Names of sources, as typed or chosen from those that there are. */
function SourceField({
  draft,
  onChange,
  problem,
}: Pick<FieldsProps, "draft" | "onChange"> & { problem: string | undefined }) {
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
        problem={problem}
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

function toggled(chosen: HazardType[], hazard: HazardType): HazardType[] {
  return chosen.includes(hazard) ? chosen.filter((other) => other !== hazard) : [...chosen, hazard];
}
