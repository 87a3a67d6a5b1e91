// The server's routes for locks (crates/server/src/http/collaboration.rs).
import type { CrisisClient } from "./client.ts";
import type { EditLock, PresentUser } from "./model.ts";

export interface Present {
  users: PresentUser[];
  lock: EditLock | null;
}

export interface Wanted {
  connection: string;
  lock_type: string;
  lease_s: number;
  force: boolean;
}

export class LockApi {
  private readonly client: CrisisClient;
  private readonly resource: string;

  constructor(client: CrisisClient, resource: string) {
    this.client = client;
    this.resource = resource;
  }

  present(): Promise<Present> {
    return this.client.request(`/api/collaboration/presence/${this.resource}`);
  }

  take(body: Wanted): Promise<EditLock> {
    return this.client.request(this.path(), { method: "POST", body });
  }

  renew(token: number, lease_s: number): Promise<EditLock> {
    return this.client.request(this.path(), { method: "PUT", body: { lease_s }, headers: carrying(token) });
  }

  release(token: number): Promise<void> {
    return this.client.request(this.path(), { method: "DELETE", headers: carrying(token), keepalive: true });
  }

  /** Null where nobody else holds it. */
  async ask(): Promise<EditLock | null> {
    const request = { method: "POST" } as const;
    return (await this.client.request<{ lock: EditLock | null }>(this.path("/request"), request)).lock;
  }

  refuse(token: number): Promise<void> {
    return this.client.request(this.path("/request"), { method: "DELETE", headers: carrying(token) });
  }

  private path(more = ""): string {
    return `/api/collaboration/lock/${this.resource}${more}`;
  }
}

function carrying(token: number): Record<string, string> {
  return { "lock-token": String(token) };
}
