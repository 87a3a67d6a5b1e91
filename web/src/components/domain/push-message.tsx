import { Logo } from "@/components/ui/logo";
import type { Severity } from "@/lib/api/types";
import { en } from "@/messages/en";
import { outbox } from "@/messages/notify";
import { SeverityMark } from "./severity-mark";

/** What a push message shows. */
export interface PushFace {
  title: string;
  body: string;
  link: string;
  severity: Severity | null;
}

/** A push message as a screen shows it. */
export function PushMessage({ face: { title, body, link, severity } }: { face: PushFace }) {
  return (
    <div className="flex flex-col gap-2 py-1">
      <div className="flex max-w-md gap-3 rounded-xl border border-line bg-panel p-3.5 shadow-pop">
        <Logo className="size-9 shrink-0" />
        <div className="min-w-0 flex-1">
          <p className="text-2xs text-ink-3">{en.app}</p>
          <p className="break-words font-semibold text-[13px]">{title}</p>
          <p className="mt-0.5 whitespace-pre-line break-words text-[13px] text-ink-2">{body}</p>
        </div>
      </div>
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-ink-3 text-xs">
        {severity && <SeverityMark severity={severity} />}
        {link && <span className="min-w-0 break-all">{outbox.opens(link)}</span>}
      </p>
    </div>
  );
}
