import { SeverityMark } from "@/components/domain/severity-mark";
import type { Reach, SeverityReach, Within } from "@/lib/api/notification-types";
import { duration } from "@/lib/time";
import { alerts as words } from "@/messages/alerts";
import { Figure } from "./figure";

/** How soon those who were told acknowledged an alert, by how urgent it was then. */
export function Promptness({ reach }: { reach: Reach }) {
  const { by_severity, acknowledged_within, acknowledged_untold } = reach;
  if (by_severity.length === 0 && acknowledged_untold === 0) return null;
  return (
    <div className="flex flex-col gap-2">
      <h3 className="font-semibold text-xs">{words.promptness}</h3>
      {by_severity.map((one) => (
        <OfSeverity key={one.severity} one={one} />
      ))}
      {/* Of one severity alone it would be the same once more. */}
      {by_severity.length > 1 && (
        <div className="flex flex-col gap-2 rounded-md border border-line p-3">
          <h4 className="font-medium text-xs">{words.inAll}</h4>
          <Quick within={acknowledged_within} />
        </div>
      )}
      {acknowledged_untold > 0 && <p className="text-ink-2 text-xs">{words.untold(acknowledged_untold)}</p>}
    </div>
  );
}

function OfSeverity({ one }: { one: SeverityReach }) {
  const { severity, told, acknowledged, acknowledged_within } = one;
  return (
    <div data-severity={severity} className="flex flex-col gap-2 rounded-md border border-line p-3">
      <h4 className="text-xs">
        <SeverityMark severity={severity} />
      </h4>
      <dl className="grid grid-cols-3 gap-2">
        {(["sent", "delivered", "read"] as const).map((status) => (
          <Figure key={status} name={words.messages[status]} value={one[status]} />
        ))}
      </dl>
      <p className="text-ink-2 text-xs">{words.ofTold(acknowledged, told)}</p>
      <Quick within={acknowledged_within} told={told} />
    </div>
  );
}

/** How many were how quick, with the share of those told where that is known. */
function Quick({ within, told }: { within: readonly Within[]; told?: number }) {
  return (
    <dl className="flex flex-col gap-1 text-xs">
      {within.map(({ seconds, people }) => (
        <div key={seconds} className="flex items-center gap-3">
          <dt className="w-28 shrink-0 text-ink-2">{words.within(duration(seconds))}</dt>
          <dd className="tabular flex flex-1 items-center justify-end gap-2">
            {told !== undefined && (
              <span aria-hidden="true" className="h-1.5 flex-1 overflow-hidden rounded-full bg-raised">
                <span
                  className="block h-full rounded-full bg-accent"
                  style={{ width: `${told > 0 ? Math.min(100, (people / told) * 100) : 0}%` }}
                />
              </span>
            )}
            <span className="w-20 shrink-0 text-right">{words.people(people)}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
