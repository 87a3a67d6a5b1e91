import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import type { Subscription } from "@/lib/api/notification-types";
import { prefs } from "@/messages/notify";
import { phrases } from "../api/subscription-draft";

export function SubscriptionRow({
  subscription: { id, name, match },
  onEdit,
  onDelete,
}: {
  subscription: Subscription;
  onEdit: () => void;
  onDelete: () => void;
}) {
  const title = name || prefs.unnamed;
  const parts = phrases(match);
  return (
    <li
      data-subscription={id}
      className="flex flex-wrap items-center gap-x-4 gap-y-2 border-line border-b px-4 py-3.5"
    >
      <div className="min-w-0 flex-1 basis-56">
        <p className="break-words font-semibold text-[13px]">{title}</p>
        <p className="mt-1.5 flex flex-wrap gap-1">
          {(parts.length > 0 ? parts : [prefs.everything]).map((part) => (
            <Badge
              key={part}
              className="h-auto min-h-5 min-w-0 max-w-full shrink whitespace-normal break-words"
            >
              {part}
            </Badge>
          ))}
        </p>
      </div>
      <div className="flex gap-2">
        <Button size="small" aria-label={prefs.editNamed(title)} onClick={onEdit}>
          {prefs.edit}
        </Button>
        <Button size="small" aria-label={prefs.deleteNamed(title)} onClick={onDelete}>
          {prefs.delete}
        </Button>
      </div>
    </li>
  );
}
