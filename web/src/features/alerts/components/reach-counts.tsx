import { ChannelLabel } from "@/components/domain/channel-icon";
import { cx } from "@/lib/cx";
import { alerts as words } from "@/messages/alerts";
import { deliveryStatusName } from "@/messages/notify";
import type { ReachTable } from "../api/reach";

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
      <table className="tabular w-full text-xs">
        <caption className="sr-only">{words.deliveries}</caption>
        <thead className="text-ink-2">
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
        <tbody>
          {rows.map(({ channel, counts, total }) => (
            <tr key={channel} className="border-line border-t">
              <th scope="row" className="py-1.5 pr-2 text-left font-normal">
                <ChannelLabel channel={channel} />
              </th>
              {counts.map((count, index) => (
                <td
                  key={statuses[index]}
                  className={cx("px-2 py-1.5 text-right", count === 0 && "text-ink-3")}
                >
                  {words.count(count)}
                </td>
              ))}
              <td className="px-2 py-1.5 text-right font-semibold">{words.count(total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
