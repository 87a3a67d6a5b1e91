import { api } from "@/lib/api/http";
import type { Ticket } from "@/lib/api/types";

/** The address of `/ws` on our own origin with a one-time ticket, and from where to resume the room it joins. */
export async function socketAddress(position: string | null): Promise<string> {
  const { ticket } = await api<Ticket>("/api/ws/ticket", { method: "POST" });
  const url = new URL("/ws", window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("ticket", ticket);
  if (position !== null) url.searchParams.set("position", position);
  return url.href;
}
