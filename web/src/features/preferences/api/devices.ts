import { queryOptions } from "@tanstack/react-query";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { Device, NewDevice, Target } from "@/lib/api/notification-types";
import type { Channel, Page } from "@/lib/api/types";
import { toBase64 } from "@/lib/base64";

const PATH = "/api/notifications/devices";
const SECRET_BYTES = 32;

export const devicesQuery = () =>
  queryOptions({
    queryKey: keys.devices,
    queryFn: ({ signal }) => api<Page<Device>>(PATH, { signal }),
  });

export const addDevice = (body: NewDevice) => api<Device>(PATH, { method: "POST", body });

export const removeDevice = (id: string) =>
  api<void>(`${PATH}/${encodeURIComponent(id)}`, { method: "DELETE" });

/** Whose name a browser is to ask its push service in. */
export const pushKey = async () => (await api<{ key: string }>("/api/notifications/push-key")).key;

/** A new secret that webhooks are signed with (Standard Webhooks). */
export function newSecret(): string {
  return `whsec_${toBase64(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)))}`;
}

const CHANNEL: Record<Target["kind"], Channel> = {
  phone: "sms",
  web_push: "push",
  fcm_token: "push",
  fcm_installation: "push",
  webhook: "webhook",
};

export function channelOf(target: Target): Channel {
  return CHANNEL[target.kind];
}

/** Where it goes, as far as it says something to a person: of a push service its host. */
export function addressOf(target: Target): string {
  switch (target.kind) {
    case "phone":
      return target.number;
    case "web_push":
      return URL.canParse(target.endpoint) ? new URL(target.endpoint).host : "";
    case "webhook":
      return target.url;
    default:
      return "";
  }
}
