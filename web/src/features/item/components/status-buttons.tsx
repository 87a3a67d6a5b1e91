import { Check } from "lucide-react";
import { Button } from "@/components/ui/button";
import { ITEM_STATUSES, type ItemStatus } from "@/lib/api/types";
import { en, statusName } from "@/messages/en";

interface StatusButtonsProps {
  value: ItemStatus;
  /** What the item is, as far as others know. */
  saved: ItemStatus;
  disabled: boolean;
  onPick: (status: ItemStatus) => void;
}

/** Where the item stands in the desk's work, and the steps it can be taken to. */
export function StatusButtons({ value, saved, disabled, onPick }: StatusButtonsProps) {
  const steps = ITEM_STATUSES.filter((status) => status !== "new" || saved === "new");
  return (
    <fieldset aria-label={en.item.status} className="grid grid-cols-2 gap-1.5">
      {steps.map((status) => {
        const now = value === status;
        return (
          <Button
            key={status}
            look={now ? "primary" : "plain"}
            aria-pressed={now}
            disabled={disabled}
            onClick={() => !now && onPick(status)}
          >
            {now && <Check aria-hidden="true" className="size-3.5" />}
            {statusName[status]}
          </Button>
        );
      })}
    </fieldset>
  );
}
