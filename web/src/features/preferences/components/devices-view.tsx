"use client";
import { useQuery } from "@tanstack/react-query";
import { QueryList } from "@/components/ui/query-list";
import { prefs } from "@/messages/notify";
import { devicesQuery } from "../api/devices";
import { usePush } from "../hooks/use-push";
import { DeviceRow } from "./device-row";
import { PhoneForm } from "./phone-form";
import { PushPanel } from "./push-panel";
import { WebhookForm } from "./webhook-form";

/** Telephones, browsers and programs that the person is reached by. */
export function DevicesView() {
  const query = useQuery(devicesQuery());
  const push = usePush();
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <section aria-label={prefs.devices} className="min-w-0">
        <p className="mb-2 text-[13px] text-ink-3">{prefs.devicesText}</p>
        <QueryList query={query} empty={{ title: prefs.noDevices, text: prefs.noDevicesText }}>
          {(device) => <DeviceRow key={device.id} device={device} endpointHere={push.endpoint} />}
        </QueryList>
      </section>
      <div className="flex min-w-0 flex-col gap-4">
        <PushPanel push={push} />
        <PhoneForm />
        <WebhookForm />
      </div>
    </div>
  );
}
