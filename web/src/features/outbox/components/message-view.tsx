import { ChannelLabel } from "@/components/domain/channel-icon";
import { ShortMessage } from "@/components/domain/short-message";
import { Badge } from "@/components/ui/badge";
import { CodeView } from "@/components/ui/code-view";
import { Fact, Facts } from "@/components/ui/facts";
import { Panel } from "@/components/ui/panel";
import type { OutboxMessage } from "@/lib/api/notification-types";
import { dateTime } from "@/lib/time";
import { en } from "@/messages/en";
import { outbox } from "@/messages/notify";
import { laidOut, shortMessage, unsubscribeLink } from "../api/payload";
import { MailView } from "./mail-view";
import { PushView } from "./push-view";

/** One message as it would have arrived. */
export function MessageView({ message }: { message: OutboxMessage }) {
  const { channel, to, subject, at, exercise } = message;
  const unsubscribe = unsubscribeLink(message);
  return (
    <Panel
      id="message"
      title={<ChannelLabel channel={channel} />}
      actions={exercise && <Badge tone="accent">{en.outbox.exercise}</Badge>}
      bodyClass="flex flex-col gap-4 p-4"
    >
      <Facts>
        <Fact name={en.outbox.to}>{to}</Fact>
        {subject && channel !== "push" && <Fact name={outbox.subject}>{subject}</Fact>}
        <Fact name={outbox.at}>
          <span suppressHydrationWarning>{dateTime(at)}</span>
        </Fact>
        {unsubscribe && <Fact name={outbox.unsubscribe}>{unsubscribe}</Fact>}
      </Facts>
      <Content message={message} />
    </Panel>
  );
}

function Content({ message }: { message: OutboxMessage }) {
  switch (message.channel) {
    case "email":
      return <MailView message={message} />;
    case "sms":
      return <ShortMessage message={shortMessage(message)} />;
    case "push":
      return <PushView message={message} />;
    default:
      return (
        <CodeView label={outbox.body} text={message.payload ? laidOut(message.payload) : message.text} />
      );
  }
}
