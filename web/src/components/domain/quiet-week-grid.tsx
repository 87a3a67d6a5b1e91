import { clock, placed, type QuietRange, quietWeek, type Span } from "@/lib/quiet-week";
import { dayNames, prefs, shortDayNames } from "@/messages/notify";

/** The hours that are written and ruled. */
const MARKS = [0, 6, 12, 18, 24];

/** The week with its quiet hours: a row for each day, from midnight to midnight. */
export function QuietWeekGrid({ ranges }: { ranges: readonly QuietRange[] }) {
  const week = quietWeek(ranges);
  return (
    <table className="relative w-full table-fixed text-xs">
      <caption className="mb-1.5 text-left font-medium text-ink-2">{prefs.quietWeek}</caption>
      <thead>
        <tr className="text-2xs text-ink-3">
          <th scope="col" className="w-10">
            <span className="sr-only">{prefs.quietDay}</span>
          </th>
          <th scope="col" className="h-5 p-0 font-normal">
            <span className="sr-only">{prefs.quietWhen}</span>
            <span aria-hidden="true" className="tabular relative block h-4">
              {MARKS.map((hour) => (
                <span
                  key={hour}
                  className="absolute -translate-x-1/2 first:translate-x-0 last:-translate-x-full"
                  style={{ left: placed({ from: hour * 60, to: hour * 60 }).left }}
                >
                  {hour}
                </span>
              ))}
            </span>
          </th>
        </tr>
      </thead>
      <tbody>
        {week.map((spans, index) => (
          <tr key={dayNames[index]}>
            <th scope="row" className="text-left font-medium text-ink-2">
              <span aria-hidden="true">{shortDayNames[index]}</span>
              <span className="sr-only">{dayNames[index]}</span>
            </th>
            <td className="py-0.5">
              <span className="sr-only">{inWords(spans)}</span>
              <Bar spans={spans} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function inWords(spans: Span[]): string {
  if (spans.length === 0) return prefs.quietNever;
  return spans.map(({ from, to }) => prefs.quietSpan(clock(from), clock(to))).join(", ");
}

function Bar({ spans }: { spans: Span[] }) {
  return (
    <span aria-hidden="true" className="relative block h-5 overflow-hidden rounded-sm bg-raised">
      {spans.map((span) => (
        <span
          key={span.from}
          data-quiet={`${clock(span.from)}-${clock(span.to)}`}
          className="absolute inset-y-0 bg-accent"
          style={placed(span)}
        />
      ))}
      {MARKS.slice(1, -1).map((hour) => (
        <span
          key={hour}
          className="absolute inset-y-0 w-px bg-line-strong"
          style={{ left: placed({ from: hour * 60, to: hour * 60 }).left }}
        />
      ))}
    </span>
  );
}
