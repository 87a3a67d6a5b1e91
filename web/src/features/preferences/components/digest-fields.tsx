import { useId } from "react";
import { Check, Field, Problem, SelectField } from "@/components/ui/field";
import type { Digest } from "@/lib/api/notification-types";
import { type Channel, SEVERITIES, type Severity } from "@/lib/api/types";
import { clock } from "@/lib/quiet-week";
import { channelName, dayNames, prefs } from "@/messages/notify";
import { type DigestEvery, everyOf, withEvery } from "../api/draft";
import type { GroupProps } from "./messages-form";

const EVERY = Object.entries(prefs.digestEveryName) as [DigestEvery, string][];
/** Digests are sent by these alone. */
const CHANNELS = ["email", "push"] as const satisfies readonly Channel[];
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** What is told together, when and by what, and the most of an hour. */
export function DigestFields({ draft: { digest, max_per_hour }, onChange, problems }: GroupProps) {
  const id = useId();
  return (
    <>
      <SelectField
        id={`${id}-every`}
        label={prefs.digestEvery}
        problem={problems["digest.at"] ?? problems.digest}
        value={everyOf(digest)}
        onChange={({ target }) => onChange({ digest: withEvery(digest, target.value as DigestEvery) })}
      >
        {EVERY.map(([every, name]) => (
          <option key={every} value={every}>
            {name}
          </option>
        ))}
      </SelectField>
      {digest && (
        <Together digest={digest} onChange={(next) => onChange({ digest: next })} problems={problems} />
      )}
      <Field
        id={`${id}-most`}
        type="number"
        inputMode="numeric"
        required
        min={0}
        max={4_294_967_295}
        step={1}
        label={prefs.maxPerHour}
        hint={prefs.maxPerHourHint}
        problem={problems.max_per_hour}
        value={max_per_hour}
        onChange={({ target }) => onChange({ max_per_hour: target.value })}
      />
    </>
  );
}

function Together({
  digest,
  onChange,
  problems,
}: {
  digest: Digest;
  onChange: (next: Digest) => void;
  problems: GroupProps["problems"];
}) {
  const id = useId();
  const { at, channels, below } = digest;
  return (
    <>
      {at.every !== "hour" && (
        <div className="flex gap-2">
          {at.every === "week" && (
            <SelectField
              id={`${id}-day`}
              label={prefs.digestDay}
              className="flex-1"
              value={at.day}
              onChange={({ target }) => onChange({ ...digest, at: { ...at, day: Number(target.value) } })}
            >
              {dayNames.map((name, index) => (
                <option key={name} value={index + 1}>
                  {name}
                </option>
              ))}
            </SelectField>
          )}
          <SelectField
            id={`${id}-hour`}
            label={prefs.digestHour}
            className="flex-1"
            value={at.hour}
            onChange={({ target }) => onChange({ ...digest, at: { ...at, hour: Number(target.value) } })}
          >
            {HOURS.map((hour) => (
              <option key={hour} value={hour}>
                {clock(hour * 60)}
              </option>
            ))}
          </SelectField>
        </div>
      )}
      <SelectField
        id={`${id}-below`}
        label={prefs.digestBelow}
        problem={problems["digest.below"]}
        value={below}
        onChange={({ target }) => onChange({ ...digest, below: target.value as Severity })}
      >
        {SEVERITIES.filter((severity) => severity !== "low" || below === "low").map((severity) => (
          <option key={severity} value={severity}>
            {prefs.below(severity)}
          </option>
        ))}
      </SelectField>
      <fieldset>
        <legend className="font-medium text-ink-2 text-xs">{prefs.digestChannels}</legend>
        <div className="flex gap-4">
          {CHANNELS.map((channel) => (
            <Check
              key={channel}
              label={channelName[channel]}
              checked={channels.includes(channel)}
              onChange={({ target }) => {
                const chosen = CHANNELS.filter((each) =>
                  each === channel ? target.checked : channels.includes(each),
                );
                onChange({ ...digest, channels: chosen });
              }}
            />
          ))}
        </div>
        <Problem text={problems["digest.channels"]} />
      </fieldset>
    </>
  );
}
