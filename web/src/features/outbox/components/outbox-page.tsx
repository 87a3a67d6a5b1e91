"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ForRole } from "@/components/domain/for-role";
import { PageFrame } from "@/components/ui/page-frame";
import { QueryList } from "@/components/ui/query-list";
import { Split, Unchosen } from "@/components/ui/split";
import type { Channel } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { useChosen } from "@/lib/use-chosen";
import { en } from "@/messages/en";
import { outbox } from "@/messages/notify";
import { channelCounts, OUTBOX, outboxQuery } from "../api/outbox";
import { Carriers } from "./carriers";
import { ChannelFilter } from "./channel-filter";
import { MessageRow } from "./message-row";
import { MessageView } from "./message-view";

/** Messages that were kept here instead of sent, how one of them would have looked, and which channels send. */
export function OutboxPage() {
  return (
    <PageFrame title={en.outbox.title} text={en.outbox.text} wide>
      <ForRole least="analyst">
        <Messages />
      </ForRole>
    </PageFrame>
  );
}

function Messages() {
  const query = useQuery(outboxQuery());
  const [channel, setChannel] = useState<Channel | null>(null);
  const id = useChosen();
  const all = query.data?.items ?? [];
  const items = channel ? all.filter((message) => message.channel === channel) : all;
  const chosen = all.find((message) => message.id === id);
  return (
    <>
      <div className={cx(chosen && "max-lg:hidden")}>
        <Carriers />
        <ChannelFilter
          counts={channelCounts(all)}
          total={all.length}
          chosen={channel}
          onChoose={setChannel}
        />
      </div>
      <Split
        chosen={chosen !== undefined}
        back={OUTBOX}
        list={
          <QueryList
            query={{ ...query, data: query.data && { items } }}
            empty={
              channel
                ? { title: outbox.noneTitle, text: outbox.noneText }
                : { title: en.outbox.emptyTitle, text: en.outbox.emptyText }
            }
          >
            {(message) => <MessageRow key={message.id} message={message} chosen={message === chosen} />}
          </QueryList>
        }
        detail={chosen ? <MessageView key={chosen.id} message={chosen} /> : <Unchosen text={outbox.choose} />}
      />
    </>
  );
}
