import { Badge } from "@/components/ui/badge";
import type { AlertMatch } from "@/lib/api/notification-types";
import { phrases } from "@/lib/match";
import { prefs } from "@/messages/notify";

/** Which alerts are meant, a phrase for each part. */
export function MatchPhrases({ match }: { match: AlertMatch }) {
  const parts = phrases(match);
  return (
    <span className="flex flex-wrap gap-1">
      {(parts.length > 0 ? parts : [prefs.everything]).map((part) => (
        <Badge key={part} className="h-auto min-h-5 min-w-0 max-w-full shrink whitespace-normal break-words">
          {part}
        </Badge>
      ))}
    </span>
  );
}
