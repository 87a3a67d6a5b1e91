import { api } from "@/lib/api/http";

export function markRead(id: string): Promise<void> {
  return api<void>(`/api/notifications/${encodeURIComponent(id)}/read`, { method: "POST" });
}

export function markAllRead(): Promise<void> {
  return api<void>("/api/notifications/read-all", { method: "POST" });
}
