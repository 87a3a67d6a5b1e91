import { BellRing, Inbox, type LucideIcon, Mail, MessageSquareText, Webhook } from "lucide-react";
import type { Channel } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { channelName } from "@/messages/notify";

const ICONS: Record<Channel, LucideIcon> = {
  inbox: Inbox,
  email: Mail,
  sms: MessageSquareText,
  push: BellRing,
  webhook: Webhook,
};

export function ChannelIcon({ channel, className }: { channel: Channel; className?: string }) {
  const Icon = ICONS[channel] ?? Mail;
  return <Icon aria-hidden="true" className={cx("size-3.5 shrink-0", className)} />;
}

export function ChannelLabel({ channel, className }: { channel: Channel; className?: string }) {
  return (
    <span className={cx("inline-flex items-center gap-1.5 whitespace-nowrap", className)}>
      <ChannelIcon channel={channel} />
      {channelName[channel] ?? channel}
    </span>
  );
}
