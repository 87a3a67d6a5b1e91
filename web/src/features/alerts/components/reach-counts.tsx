import { ChannelLabel } from "@/components/domain/channel-icon";
import { cx } from "@/lib/cx";
import { alerts as words } from "@/messages/alerts";
import { deliveryStatusName } from "@/messages/notify";
import type { ReachTable } from "../api/reach";

const CELL = "px-2 py-1.5 text-right max-sm:flex max-sm:justify-between max-sm:px-0 max-sm:py-0.5";

/** Deliveries by channel and status. */
export function ReachCounts({ table: { statuses, rows } }: { table: ReachTable }) {
  if (rows.length === 0) return <p className="text-[13px] text-ink-3">{words.noDeliveries}</p>;
  const head = "px-2 py-1.5 text-right font-medium";
  return (
    <section
      aria-label={words.deliveries}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
      tabIndex={0}
      className="overflow-x-auto"
    >
      <table className="tabular w-full text-xs max-sm:block">
        <caption className="sr-only">{words.deliveries}</caption>
        <thead className="text-ink-2 max-sm:sr-only">
          <tr>
            <th scope="col" className="py-1.5 pr-2 text-left font-medium">
              {words.channel}
            </th>
            {statuses.map((status) => (
              <th key={status} scope="col" className={head}>
                {deliveryStatusName[status]}
              </th>
            ))}
            <th scope="col" className={head}>
              {words.total}
            </th>
          </tr>
        </thead>
        {/* On a phone each channel is a list of its own, with the names that stand above the columns elsewhere. */}
        <tbody className="max-sm:block">
          {rows.map(({ channel, counts, total }) => (
            <tr key={channel} className="border-line border-t max-sm:block max-sm:py-2">
              <th
                scope="row"
                className="py-1.5 pr-2 text-left font-normal max-sm:block max-sm:py-0 max-sm:font-medium"
              >
                <ChannelLabel channel={channel} />
              </th>
              {statuses
                .map((status, at) => [status, counts[at] ?? 0] as const)
                .map(([status, count]) => (
                  <td key={status} className={cx(CELL, count === 0 && "text-ink-3 max-sm:hidden")}>
                    <Name text={deliveryStatusName[status]} />
                    {words.count(count)}
                  </td>
                ))}
              <td className={cx(CELL, "font-semibold")}>
                <Name text={words.total} />
                {words.count(total)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The column's name, where no head stands above the column. */
function Name({ text }: { text: string }) {
  return (
    <span aria-hidden="true" className="font-normal text-ink-2 sm:hidden">
      {text}
    </span>
  );
}
