"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Age } from "@/components/domain/age";
import { ChannelIcon } from "@/components/domain/channel-icon";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { keys } from "@/lib/api/keys";
import type { Device } from "@/lib/api/notification-types";
import { prefs } from "@/messages/notify";
import { addressOf, channelOf, removeDevice } from "../api/devices";
import { unsubscribe } from "../api/push";

export function DeviceRow({ device, endpointHere }: { device: Device; endpointHere: string | null }) {
  const [asking, setAsking] = useState(false);
  const { label, target } = device;
  const isHere = target.kind === "web_push" && target.endpoint === endpointHere;
  return (
    <li data-device={target.kind} className="flex items-center gap-3 border-line border-b px-4 py-3">
      <ChannelIcon channel={channelOf(target)} className="size-4 text-ink-3" />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-0.5 text-[13px]">
          <span className="min-w-0 break-words font-semibold">{label}</span>
          <span className="text-ink-3 text-xs">{prefs.targetName[target.kind]}</span>
          {isHere && <Badge tone="accent">{prefs.thisBrowser}</Badge>}
        </p>
        <p className="truncate text-ink-2 text-xs">{addressOf(target)}</p>
        {device.suppressed && (
          <p className="break-words text-ink-2 text-xs">{prefs.suppressed(device.suppressed)}</p>
        )}
      </div>
      <span className="shrink-0 text-ink-3 text-xs max-sm:hidden">
        {prefs.added} <Age at={device.created_at} className="tabular" />
      </span>
      <Button size="small" aria-label={prefs.removeNamed(label)} onClick={() => setAsking(true)}>
        {prefs.remove}
      </Button>
      {asking && <RemoveDialog device={device} onClose={() => setAsking(false)} />}
    </li>
  );
}

function RemoveDialog({ device, onClose }: { device: Device; onClose: () => void }) {
  const cache = useQueryClient();
  const remove = useMutation({
    mutationFn: async () => {
      await removeDevice(device.id);
      if (device.target.kind === "web_push") await unsubscribe(device.target.endpoint).catch(() => undefined);
    },
    onSuccess: onClose,
    onSettled: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: keys.devices }),
        cache.invalidateQueries({ queryKey: keys.pushHere }),
      ]),
  });
  return (
    <Confirm
      title={prefs.removeAsk(device.label)}
      action={prefs.remove}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p>{prefs.removeText}</p>
    </Confirm>
  );
}
