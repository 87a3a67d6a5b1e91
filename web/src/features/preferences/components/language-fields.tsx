import { useId, useMemo } from "react";
import { SelectField } from "@/components/ui/field";
import { localeName, prefs } from "@/messages/notify";
import { zoneGroups, zoneHere } from "../api/zones";
import type { GroupProps } from "./messages-form";

/** The language of messages, and the zone that hours are meant in. */
export function LanguageFields({ draft: { locale, zone }, onChange, problems }: GroupProps) {
  const id = useId();
  const here = zoneHere();
  // Hundreds of them: made once, not whenever something else is changed.
  const zones = useMemo(
    () => zoneGroups(zone).map(([part, names]) => <Zones key={part} part={part} names={names} />),
    [zone],
  );
  const locales = Object.keys(localeName).includes(locale)
    ? Object.keys(localeName)
    : [...Object.keys(localeName), locale];
  return (
    <>
      <SelectField
        id={`${id}-locale`}
        label={prefs.locale}
        problem={problems.locale}
        value={locale}
        onChange={({ target }) => onChange({ locale: target.value })}
      >
        {locales.map((each) => (
          <option key={each} value={each} lang={each}>
            {localeName[each] ?? each}
          </option>
        ))}
      </SelectField>
      <div className="flex flex-col gap-1.5">
        <SelectField
          id={`${id}-zone`}
          label={prefs.zone}
          hint={prefs.zoneHint}
          problem={problems.zone}
          value={zone}
          onChange={({ target }) => onChange({ zone: target.value })}
        >
          {zones}
        </SelectField>
        {zone !== here && (
          <p className="text-ink-2 text-xs">
            {prefs.zoneOfBrowser(here)}{" "}
            <button
              type="button"
              className="rounded font-medium text-accent hover:underline"
              onClick={() => onChange({ zone: here })}
            >
              {prefs.zoneUse}
            </button>
          </p>
        )}
      </div>
    </>
  );
}

function Zones({ part, names }: { part: string; names: string[] }) {
  const options = names.map((name) => (
    <option key={name} value={name}>
      {name.replaceAll("_", " ")}
    </option>
  ));
  return part === "" ? options : <optgroup label={part}>{options}</optgroup>;
}
