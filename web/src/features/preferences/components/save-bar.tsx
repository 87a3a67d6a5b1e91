import { Check, TriangleAlert } from "lucide-react";
import { Button } from "@/components/ui/button";
import { prefs } from "@/messages/notify";

interface Save {
  isPending: boolean;
  isSuccess: boolean;
  error: Error | null;
}

/** Says at any time whether what is shown is saved, and saves it. Stays in sight. */
export function SaveBar({
  isChanged,
  isZoneFilledIn,
  save,
  onDiscard,
}: {
  isChanged: boolean;
  /** The one change is that we filled the zone in. */
  isZoneFilledIn: boolean;
  save: Save;
  onDiscard: () => void;
}) {
  return (
    <div className="sticky bottom-3 z-20 flex flex-wrap items-center gap-x-3 gap-y-2 rounded-lg border border-line-strong bg-panel px-4 py-2.5 shadow-pop">
      {/* At the left, where no alert's toast lies over them. */}
      <div className="flex gap-2">
        <Button type="submit" look="primary" disabled={!isChanged || save.isPending}>
          {save.isPending ? prefs.saving : prefs.save}
        </Button>
        <Button disabled={!isChanged || save.isPending} onClick={onDiscard}>
          {prefs.discard}
        </Button>
      </div>
      <p role="status" data-saved={!isChanged} className="min-w-0 flex-1 basis-40 text-[13px]">
        {save.error ? (
          <span className="flex items-start gap-1.5 text-high">
            <TriangleAlert aria-hidden="true" className="mt-0.5 size-3.5 shrink-0" />
            <span className="min-w-0 break-words">{prefs.failed(save.error.message)}</span>
          </span>
        ) : (
          <span className="flex items-center gap-1.5 text-ink-2">
            {!isChanged && <Check aria-hidden="true" className="size-3.5 shrink-0 text-low" />}
            {told(isChanged, isZoneFilledIn, save)}
          </span>
        )}
      </p>
    </div>
  );
}

function told(isChanged: boolean, isZoneFilledIn: boolean, save: Save): string {
  if (save.isPending) return prefs.saving;
  if (isChanged) return isZoneFilledIn ? prefs.zoneFilledIn : prefs.notSaved;
  return save.isSuccess ? prefs.saved : prefs.isSaved;
}
