"use client";
import { Check } from "lucide-react";
import { Button } from "@/components/ui/button";
import { ITEM_STATUSES, type Item } from "@/lib/api/types";
import { useMe } from "@/lib/use-me";
import { en, statusName } from "@/messages/en";
import { useEditItem } from "../hooks/use-edit-item";

/** Where the item stands in the desk's work, and the steps it can be taken to. */
export function StatusButtons({ item }: { item: Item }) {
  const edit = useEditItem(item);
  const reader = useMe().data?.role === "viewer";
  const steps = ITEM_STATUSES.filter((status) => status !== "new" || item.status === "new");
  return (
    <>
      <fieldset aria-label={en.item.status} className="grid grid-cols-2 gap-1.5">
        {steps.map((status) => {
          const now = item.status === status;
          return (
            <Button
              key={status}
              look={now ? "primary" : "plain"}
              aria-pressed={now}
              disabled={edit.isPending || reader}
              onClick={() => !now && edit.mutate({ status })}
            >
              {now && <Check aria-hidden="true" className="size-3.5" />}
              {statusName[status]}
            </Button>
          );
        })}
      </fieldset>
      {edit.isError && (
        <p role="alert" className="mt-3 rounded-md bg-high-soft px-3 py-2 text-high text-xs">
          {edit.conflict ? en.item.conflict : `${en.item.failed} ${edit.error.message}`}
        </p>
      )}
    </>
  );
}
