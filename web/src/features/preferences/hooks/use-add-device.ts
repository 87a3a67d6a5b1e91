"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/lib/api/keys";
import { addDevice } from "../api/devices";

export function useAddDevice() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: addDevice,
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.devices }),
  });
}
