"use client";
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { QueryList } from "@/components/ui/query-list";
import type { Subscription } from "@/lib/api/notification-types";
import { prefs } from "@/messages/notify";
import { subscriptionsQuery } from "../api/subscriptions";
import { DeleteSubscription } from "./delete-subscription";
import { SubscriptionDialog } from "./subscription-dialog";
import { SubscriptionRow } from "./subscription-row";

type Open = { what: "add" } | { what: "edit" | "delete"; subscription: Subscription } | null;

/** What the person wants alerts of. */
export function SubscriptionsView() {
  const query = useQuery(subscriptionsQuery());
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <section aria-label={prefs.subscriptions}>
      <div className="mb-2 flex flex-wrap items-center justify-between gap-2">
        <p className="text-[13px] text-ink-3">{prefs.subscriptionsText}</p>
        <Button look="primary" onClick={() => setOpen({ what: "add" })}>
          <Plus aria-hidden="true" className="size-3.5" />
          {prefs.addSubscription}
        </Button>
      </div>
      <QueryList query={query} empty={{ title: prefs.noSubscriptions, text: prefs.noSubscriptionsText }}>
        {(subscription) => (
          <SubscriptionRow
            key={subscription.id}
            subscription={subscription}
            onEdit={() => setOpen({ what: "edit", subscription })}
            onDelete={() => setOpen({ what: "delete", subscription })}
          />
        )}
      </QueryList>
      {open?.what === "add" && <SubscriptionDialog onClose={close} />}
      {open?.what === "edit" && <SubscriptionDialog subscription={open.subscription} onClose={close} />}
      {open?.what === "delete" && <DeleteSubscription subscription={open.subscription} onClose={close} />}
    </section>
  );
}
