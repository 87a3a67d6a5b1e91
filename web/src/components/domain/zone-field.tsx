import { useMemo } from "react";
import { SelectField } from "@/components/ui/field";
import { zoneGroups, zoneHere } from "@/lib/zones";
import { prefs } from "@/messages/notify";

/** A choice of time zone, and a way to that of this browser. */
export function ZoneField({
  id,
  hint,
  problem,
  value,
  onChange,
}: {
  id: string;
  hint: string;
  problem: string | undefined;
  value: string;
  onChange: (zone: string) => void;
}) {
  const here = zoneHere();
  // Hundreds of them: made once, not whenever something else is changed.
  const zones = useMemo(
    () => zoneGroups(value).map(([part, names]) => <Zones key={part} part={part} names={names} />),
    [value],
  );
  return (
    <div className="flex flex-col gap-1.5">
      <SelectField
        id={id}
        label={prefs.zone}
        hint={hint}
        problem={problem}
        value={value}
        onChange={({ target }) => onChange(target.value)}
      >
        {zones}
      </SelectField>
      {value !== here && (
        <p className="text-ink-2 text-xs">
          {prefs.zoneOfBrowser(here)}{" "}
          <button
            type="button"
            className="rounded font-medium text-accent hover:underline"
            onClick={() => onChange(here)}
          >
            {prefs.zoneUse}
          </button>
        </p>
      )}
    </div>
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
