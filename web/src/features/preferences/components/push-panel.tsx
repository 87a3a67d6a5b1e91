import { BellRing, CircleCheck } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { Skeleton } from "@/components/ui/skeleton";
import { prefs } from "@/messages/notify";
import type { PushState } from "../api/push";
import type { usePush } from "../hooks/use-push";

/** Why it cannot be switched on here, in words. */
const OBSTACLE: Record<Exclude<PushState, "possible">, string> = {
  insecure: prefs.pushInsecure,
  unsupported: prefs.pushUnsupported,
  denied: prefs.pushDenied,
};

/** Push messages to this very browser. */
export function PushPanel({ push: { state, isOn, turnOn } }: { push: ReturnType<typeof usePush> }) {
  const failed = turnOn.error && state === "possible";
  return (
    <Panel id="push" title={prefs.push} bodyClass="flex flex-col gap-3 p-4 text-[13px]">
      <p className="text-ink-3 text-xs">{prefs.pushText}</p>
      {state === undefined && <Skeleton className="h-8" />}
      {state !== undefined && state !== "possible" && (
        <p
          role="status"
          data-push={state}
          className="rounded-md bg-medium-soft px-3 py-2 text-medium text-xs"
        >
          {OBSTACLE[state]}
        </p>
      )}
      {state === "possible" && isOn && (
        <p role="status" data-push="on" className="flex items-center gap-1.5">
          <CircleCheck aria-hidden="true" className="size-4 shrink-0 text-low" />
          {prefs.pushIsOn}
        </p>
      )}
      {state === "possible" && !isOn && (
        <>
          <Button
            look="primary"
            className="h-auto min-h-8 whitespace-normal py-1.5"
            disabled={turnOn.isPending}
            onClick={() => turnOn.mutate()}
          >
            <BellRing aria-hidden="true" className="size-4 shrink-0" />
            {turnOn.isPending ? prefs.pushBusy : prefs.pushOn}
          </Button>
          <p className="text-ink-3 text-xs">{prefs.pushWillAsk}</p>
        </>
      )}
      {failed && (
        <p role="alert" className="break-words rounded-md bg-high-soft px-3 py-2 text-high text-xs">
          {prefs.pushFailed(turnOn.error.message)}
        </p>
      )}
    </Panel>
  );
}
