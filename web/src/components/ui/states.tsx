import { Inbox, Lock, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "@/lib/api/problem";
import { en } from "@/messages/en";
import { needs } from "@/messages/roles";
import { Button } from "./button";

/** Nothing to show, and what would change that. */
export function Empty({ title, text, action }: { title: string; text: string; action?: ReactNode }) {
  return (
    <div data-empty className="flex flex-col items-center gap-1 px-6 py-10 text-center">
      <Inbox aria-hidden="true" className="mb-1 size-5 text-ink-3" />
      <p className="font-medium">{title}</p>
      <p className="max-w-sm text-ink-3 text-xs">{text}</p>
      {action && <div className="mt-3">{action}</div>}
    </div>
  );
}

/** What somebody may not see, and what would change that: to try again would not. */
export function NotForYou({ title, text }: { title: string; text: string }) {
  return (
    <div role="status" data-not-for-you className="flex flex-col items-center gap-1 px-6 py-10 text-center">
      <Lock aria-hidden="true" className="mb-1 size-5 text-ink-3" />
      <p className="font-medium">{title}</p>
      <p className="max-w-sm text-ink-3 text-xs">{text}</p>
    </div>
  );
}

/** What went wrong, in the server's words where it has some. */
export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  if (error instanceof ApiError && error.status === 403)
    return <NotForYou title={needs.refused} text={needs.refusedText} />;
  const offline = error instanceof ApiError && error.status === 0;
  const detail = offline ? en.errors.offline : error instanceof Error ? error.message : "";
  return (
    <div role="alert" className="flex flex-col items-center gap-1 px-6 py-10 text-center">
      <TriangleAlert aria-hidden="true" className="mb-1 size-5 text-high" />
      <p className="font-medium">{en.errors.title}</p>
      <p className="max-w-sm text-ink-3 text-xs">{detail}</p>
      {onRetry && (
        <Button className="mt-3" onClick={onRetry}>
          {en.retry}
        </Button>
      )}
    </div>
  );
}
