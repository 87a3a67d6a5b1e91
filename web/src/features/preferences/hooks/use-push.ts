"use client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/lib/api/keys";
import { prefs } from "@/messages/notify";
import { addDevice, devicesQuery, pushKey } from "../api/devices";
import { browserLabel, pushHere, subscribe } from "../api/push";

/** This browser's push messages: how it stands with them, and a way to switch them on. */
export function usePush() {
  const cache = useQueryClient();
  const here = useQuery({ queryKey: keys.pushHere, queryFn: pushHere, staleTime: 0 });
  const devices = useQuery(devicesQuery());
  const endpoint = here.data?.endpoint ?? null;
  const isOn =
    endpoint !== null &&
    devices.data?.items.some(({ target }) => target.kind === "web_push" && target.endpoint === endpoint);
  const turnOn = useMutation({
    mutationFn: async () => {
      // First of all: browsers ask only while a person's click is fresh.
      const permission = await Notification.requestPermission();
      if (permission === "default") throw new Error(prefs.pushDismissed);
      if (permission === "denied") throw new Error(prefs.pushDenied);
      const target = await subscribe(await pushKey());
      return addDevice({ label: browserLabel(navigator.userAgent), target });
    },
    onSettled: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: keys.pushHere }),
        cache.invalidateQueries({ queryKey: keys.devices }),
      ]),
  });
  return { state: here.data?.state, endpoint, isOn: isOn === true, turnOn };
}
