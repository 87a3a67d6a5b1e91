import { PersonField } from "@/components/domain/person-field";
import type { FieldsProps } from "@/components/set-up/kind";
import { Problem } from "@/components/ui/field";
import { FieldGroup } from "@/components/ui/field-group";
import { localOf } from "@/lib/local-time";
import { rules } from "@/messages/rules";
import type { OverrideDraft, ScheduleDraft } from "../api/schedules";
import { AddOne, FormBox, keyAfter, SpanFields } from "./form-parts";

/** How long a new one lasts. */
const LASTS_MS = 24 * 3_600_000;
/** As many as the server takes. */
const MOST = 200;

/** Who stands in for whoever has it. */
export function OverridesField({ draft: { overrides }, onChange, problems }: FieldsProps<ScheduleDraft>) {
  const set = (next: OverrideDraft[]) => onChange({ overrides: next });
  const add = () => {
    const [from, until] = [localOf(Date.now()), localOf(Date.now() + LASTS_MS)];
    set([...overrides, { key: keyAfter(overrides), user: "", from, until }]);
  };
  return (
    <FieldGroup label={rules.overrides} hint={rules.overridesHint} problem={problems.overrides}>
      <div className="flex flex-col gap-3">
        {overrides.map((one, at) => (
          <FormBox
            key={one.key}
            label={rules.override(at + 1)}
            remove={{
              label: rules.removeOverride(at + 1),
              onRemove: () => set(overrides.filter((other) => other !== one)),
            }}
          >
            <PersonField
              label={rules.who}
              value={one.user}
              onChoose={(user) => set(overrides.with(at, { ...one, user }))}
            />
            <SpanFields
              from={one.from}
              until={one.until}
              problems={{}}
              onChange={(part) => set(overrides.with(at, { ...one, ...part }))}
            />
            <Problem text={problems[`overrides.${at}`]} />
          </FormBox>
        ))}
        <AddOne label={rules.addOverride} disabled={overrides.length >= MOST} onAdd={add} />
      </div>
    </FieldGroup>
  );
}
