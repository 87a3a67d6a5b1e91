import { Panel } from "@/components/ui/panel";
import type { TopicView } from "@/lib/api/log-types";
import { en } from "@/messages/en";
import { log } from "@/messages/log";
import { consumerLags } from "../api/lag";
import { LagBadge } from "./lag-badge";

/** Each partition with its offsets and how far each consumer is in it. */
export function PartitionTable({ topic }: { topic: TopicView }) {
  const consumers = consumerLags(topic).map(({ consumer }) => consumer);
  const reasons = [
    ...new Set(
      topic.partitions.flatMap((each) => consumers.flatMap((name) => each.behind[name]?.paused ?? [])),
    ),
  ];
  return (
    <Panel id="partitions" title={topic.name} note={log.partitions(topic.partitions.length)}>
      <section
        aria-label={log.lagTable(topic.name)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        className="overflow-x-auto"
      >
        <table className="tabular w-full whitespace-nowrap text-xs">
          <thead className="text-left text-ink-3">
            <tr>
              <th className="px-3.5 py-2 font-medium">{log.partition}</th>
              <th className="px-3.5 py-2 font-medium">{log.offsets}</th>
              {consumers.map((name) => (
                <th key={name} className="px-3.5 py-2 text-right font-medium">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {topic.partitions.map((each) => (
              <tr key={each.partition} className="border-line border-t">
                <td className="px-3.5 py-1.5">{each.partition}</td>
                <td className="px-3.5 py-1.5">
                  {en.count(each.start)}–{en.count(each.end)}
                </td>
                {consumers.map((name) => (
                  <td key={name} className="px-3.5 py-1.5">
                    {each.behind[name] && <LagBadge behind={each.behind[name]} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p className="tabular border-line border-t px-3.5 py-2 text-ink-2 text-xs">
        {log.letterCount(topic.dead_letters)}
        {Object.entries(topic.rebalances).map(([group, count]) => (
          <span key={group}>, {log.rebalancesOf(group, count)}</span>
        ))}
      </p>
      {reasons.map((reason) => (
        <p key={reason} className="break-words border-line border-t px-3.5 py-2 text-high text-xs">
          {reason}
        </p>
      ))}
    </Panel>
  );
}
