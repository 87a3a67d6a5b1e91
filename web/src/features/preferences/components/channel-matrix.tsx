import Link from "next/link";
import { useId } from "react";
import { ChannelIcon } from "@/components/domain/channel-icon";
import { Problem, SelectField } from "@/components/ui/field";
import { CHANNELS, NOTICE_KINDS } from "@/lib/api/notification-types";
import { type Channel, SEVERITIES, type Severity } from "@/lib/api/types";
import { severityName } from "@/messages/en";
import { channelName, noticeKindName, noticeKindText, prefs } from "@/messages/notify";
import { unreachable, withChannel } from "../api/draft";
import { DEVICES, SUBSCRIPTIONS } from "../api/places";
import { useHasSubscription } from "../hooks/use-has-subscription";
import type { GroupProps } from "./messages-form";

/** Which kind comes on which channel, and from which severity on. */
export function ChannelMatrix({
  draft: { channels, min_severity },
  onChange,
  problems,
  reached,
}: GroupProps & {
  /** Channels that some device is reached by; absent while that is not known. */
  reached: ReadonlySet<Channel> | undefined;
}) {
  const id = useId();
  const wantsNewItems = (channels.new_items ?? []).length > 0;
  const hasSubscription = useHasSubscription(wantsNewItems);
  const nowhere = reached ? unreachable(channels, reached) : [];
  return (
    <>
      <table className="w-full table-fixed text-[13px]">
        <thead>
          <tr className="text-ink-2 text-xs">
            <th scope="col" className="w-[28%] pb-1.5 text-left font-medium">
              {prefs.kind}
            </th>
            {CHANNELS.map((channel) => (
              <th key={channel} scope="col" className="pb-1.5 text-center font-medium max-sm:text-2xs">
                <span className="inline-flex flex-col items-center gap-1 sm:flex-row sm:gap-1.5">
                  <ChannelIcon channel={channel} />
                  {channelName[channel]}
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {NOTICE_KINDS.map((kind) => (
            <tr key={kind} className="border-line border-t">
              <th scope="row" className="py-1 pr-2 text-left font-normal">
                {noticeKindName[kind]}
              </th>
              {CHANNELS.map((channel) => (
                <td key={channel} className="p-0">
                  <label className="grid min-h-9 cursor-pointer place-items-center rounded-md hover:bg-hover">
                    <input
                      type="checkbox"
                      aria-label={prefs.on(noticeKindName[kind], channelName[channel])}
                      className="size-4 accent-accent"
                      checked={channels[kind]?.includes(channel) ?? false}
                      onChange={({ target }) =>
                        onChange({ channels: withChannel(channels, kind, channel, target.checked) })
                      }
                    />
                  </label>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <Problem text={problems.channels} />
      {nowhere.length > 0 && (
        <Warning
          text={prefs.noDevice(nowhere.map((channel) => channelName[channel]).join(", "))}
          href={DEVICES}
          remedy={prefs.addDevice}
        />
      )}
      {wantsNewItems && hasSubscription === false && (
        <Warning text={prefs.noNewItems} href={SUBSCRIPTIONS} remedy={prefs.addSubscription} />
      )}
      <dl aria-label={prefs.kinds} className="flex flex-col gap-1 text-xs">
        {NOTICE_KINDS.map((kind) => (
          <div key={kind}>
            <dt className="inline font-medium">{noticeKindName[kind]}: </dt>
            <dd className="inline text-ink-2">{noticeKindText[kind]}</dd>
          </div>
        ))}
      </dl>
      <p className="text-ink-3 text-xs">{prefs.inboxHint}</p>
      <SelectField
        id={`${id}-severity`}
        label={prefs.minSeverity}
        problem={problems.min_severity}
        className="max-w-56"
        value={min_severity}
        onChange={({ target }) => onChange({ min_severity: target.value as Severity })}
      >
        {SEVERITIES.map((severity) => (
          <option key={severity} value={severity}>
            {severityName[severity]}
          </option>
        ))}
      </SelectField>
    </>
  );
}

/** Why nothing comes, and where that is put right. */
function Warning({ text, href, remedy }: { text: string; href: string; remedy: string }) {
  return (
    <p role="status" className="rounded-md bg-medium-soft px-3 py-2 text-medium text-xs">
      {text}{" "}
      <Link href={href} className="rounded font-semibold underline">
        {remedy}
      </Link>
    </p>
  );
}
