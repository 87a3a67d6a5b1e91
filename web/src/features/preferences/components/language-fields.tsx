import { useId } from "react";
import { ZoneField } from "@/components/domain/zone-field";
import { SelectField } from "@/components/ui/field";
import { localeName, prefs } from "@/messages/notify";
import type { GroupProps } from "./messages-form";

/** The language of messages, and the zone that hours are meant in. */
export function LanguageFields({ draft: { locale, zone }, onChange, problems }: GroupProps) {
  const id = useId();
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
      <ZoneField
        id={`${id}-zone`}
        hint={prefs.zoneHint}
        problem={problems.zone}
        value={zone}
        onChange={(next) => onChange({ zone: next })}
      />
    </>
  );
}
