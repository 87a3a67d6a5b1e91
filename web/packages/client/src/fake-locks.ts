// A made-up server's locks, for tests only: as crates/state/src/lock_slot.rs has them.
import type { LockUpdate } from "./events.ts";
import type { EditLock, LockAction } from "./model.ts";

export const RESOURCE = "item:0192a0a0-0000-7000-8000-000000000001";
const PATH = `/api/collaboration/lock/${RESOURCE}`;
const NO_BODY = { connection: "", lease_s: 300, force: false };

/** One resource's lock. Requests come from the user `u`; others act by `as`. */
export class FakeLocks {
  lock: EditLock | null = null;
  token = 0;
  /** Method and last part of the path of each request, and the token it carried. */
  readonly asked: string[] = [];
  isAway = false;
  private told = 0;

  readonly fetch = (async (address: string, init: RequestInit = {}) => {
    const { pathname } = new URL(address);
    const carried = (init.headers as Record<string, string>)["lock-token"];
    const name = pathname.includes("presence") ? "look" : pathname.endsWith("request") ? "request" : "lock";
    this.asked.push([init.method, name, carried].filter(Boolean).join(" "));
    if (this.isAway) throw new Error("away");
    if (name === "look") return Response.json({ users: [], lock: this.present() });
    const body = typeof init.body === "string" ? JSON.parse(init.body) : NO_BODY;
    const method = init.method as keyof typeof this.routes;
    if (!pathname.startsWith(PATH)) return new Response(null, { status: 404 });
    return name === "request"
      ? this.onRequest(method, Number(carried))
      : this.routes[method](body, Number(carried));
  }) as typeof fetch;

  private readonly routes = {
    POST: ({ connection, lease_s, force }: typeof NO_BODY) => {
      const lock = this.present();
      const isGranted =
        lock?.request?.user_id === "u" && Date.now() >= Date.parse(lock.request.asked_at) + 20_000;
      if (lock && lock.holder.user_id !== "u" && !isGranted && !force) return this.no(409, lock);
      return Response.json(this.as("u", connection, lease_s));
    },
    PUT: ({ lease_s }: typeof NO_BODY, token: number) => {
      const lock = this.present();
      if (!lock || lock.token !== token) return this.no(412, lock);
      const cap = Date.parse(lock.taken_at) + 1_800_000;
      this.lock = { ...lock, expires_at: iso(Math.min(Date.now() + lease_s * 1_000, cap)) };
      return Response.json(this.lock);
    },
    DELETE: (_: typeof NO_BODY, token: number) => {
      const lock = this.present();
      if (!lock || lock.token !== token) return this.no(412, lock);
      this.lock = null;
      return new Response(null, { status: 204 });
    },
  };

  private onRequest(method: string, token: number): Response {
    const lock = this.present();
    if (method === "DELETE") {
      if (!lock || lock.token !== token) return this.no(412, lock);
      this.lock = { ...lock, request: null };
      return new Response(null, { status: 204 });
    }
    if (lock?.request && lock.request.user_id !== "u") return this.no(409, lock);
    if (!lock || lock.holder.user_id === "u") return Response.json({ lock: null });
    return Response.json({ lock: this.ask("u") });
  }

  private no(status: number, lock: EditLock | null): Response {
    return Response.json({ detail: `no: ${status}`, ...(lock && { lock }) }, { status });
  }

  present(): EditLock | null {
    return this.lock && Date.parse(this.lock.expires_at) > Date.now() ? this.lock : null;
  }

  /** Somebody is given it. */
  as(user_id: string, connection = `of ${user_id}`, leaseS = 300): EditLock {
    const before = this.present();
    this.token += 1;
    this.lock = {
      resource_id: RESOURCE,
      lock_type: "edit",
      holder: { user_id, name: user_id.toUpperCase(), connection },
      token: this.token,
      taken_at: iso(Date.now()),
      expires_at: iso(Date.now() + leaseS * 1_000),
      request: before?.holder.user_id === user_id ? before.request : null,
    };
    return this.lock;
  }

  /** Somebody asks for it. */
  ask(user_id: string): EditLock {
    if (!this.lock) throw new Error("it is nobody's");
    const request = { user_id, name: user_id.toUpperCase(), asked_at: iso(Date.now()) };
    this.lock = { ...this.lock, request };
    return this.lock;
  }

  /** What the room is told of the lock as it now is. */
  update(action: LockAction, user_id = this.lock?.holder.user_id ?? "u"): LockUpdate {
    this.told += 1;
    return {
      type: "lock_update",
      room: RESOURCE,
      position: `l${this.told}`,
      at: iso(Date.now()),
      resource_id: RESOURCE,
      user_id,
      name: user_id.toUpperCase(),
      action,
      lock_status: this.lock,
    };
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
