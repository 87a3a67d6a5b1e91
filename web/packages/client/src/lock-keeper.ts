// The lock of one resource as one tab sees it: taken, kept while its holder works, followed in the room, asked for and given
// away. What it believes decides nothing; the server checks the token at each write (docs/adr/0018-edit-locks.md).
import type { CrisisClient } from "./client.ts";
import { Emitter } from "./emitter.ts";
import type { LockUpdate } from "./events.ts";
import { HttpError } from "./http.ts";
import { LockApi } from "./lock-api.ts";
import {
  ASK_LASTS_MS,
  ASK_WAIT_MS,
  type LockEvents,
  type LockLoss,
  type LockState,
  type LockWish,
  MAX_LEASE_MS,
} from "./lock-state.ts";
import type { EditLock } from "./model.ts";
import { Timers } from "./timers.ts";

export interface LockOptions {
  /** How long it holds without being used, seconds: 10 to 1800. Default 300. */
  leaseS?: number;
  /** What its holder does. Default `edit`. */
  lockType?: string;
}

const NOTHING: LockState = {
  lock: null,
  isKnown: false,
  mine: false,
  token: null,
  request: null,
  lost: null,
};
/** However much the holder does, it is not renewed more often. */
const RENEW_EVERY_MS = 60_000;
/** Where the room tells nothing, the lock is looked at so often. */
const LOOK_EVERY_MS = 10_000;
/** After an end or a wait is over, until the server thinks so as well. */
const MARGIN_MS = 500;
/** Until what failed is tried again. */
const AGAIN_MS = 1_000;

export class LockKeeper {
  readonly resource: string;
  private state: LockState = NOTHING;
  /** Our user id where the connection has not told it. */
  private user: string | null = null;
  private isAsking = false;
  /** The highest token ever seen: what has a lower one is old news. */
  private highest = 0;
  private renewedAt = 0;
  private touchedAt = Number.NEGATIVE_INFINITY;
  /** News from the room so far. */
  private told = 0;
  private isLookPlanned = false;
  private isOpen = false;
  private stops: (() => void)[] = [];
  /** What is asked of the server, one after the other. */
  private turn: Promise<unknown> = Promise.resolve();
  private readonly client: CrisisClient;
  private readonly api: LockApi;
  private readonly leaseMs: number;
  private readonly lockType: string;
  private readonly timers: Timers;
  private readonly emitter = new Emitter<LockEvents>();

  constructor(client: CrisisClient, resource: string, options: LockOptions = {}) {
    this.client = client;
    this.resource = resource;
    this.api = new LockApi(client, resource);
    this.timers = new Timers(client.clock);
    this.leaseMs = (options.leaseS ?? 300) * 1_000;
    this.lockType = options.lockType ?? "edit";
  }

  /** Joins the resource's room and follows the lock, until `close()`. */
  start(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    const { client, resource } = this;
    this.stops = [
      client.on("lock_update", (update) => {
        if (update.resource_id === resource) this.onUpdate(update);
      }),
      client.on("joined_room", ({ room }) => {
        if (room === resource) this.look();
      }),
      client.join(resource),
    ];
    this.look();
  }

  /** Follows it no more; gives it back where it is ours. */
  close(): void {
    const { token } = this.state;
    this.isOpen = false;
    this.isAsking = false;
    for (const stop of this.stops) stop();
    this.stops = [];
    this.timers.stopAll();
    this.state = NOTHING;
    if (token !== null) void this.api.release(token).catch(() => undefined);
  }

  getState = (): LockState => this.state;

  /** Listens until the answer is called. */
  on = <Kind extends keyof LockEvents>(
    kind: Kind,
    listener: (value: LockEvents[Kind]) => void,
  ): (() => void) => this.emitter.on(kind, listener);

  /** As `on("state")`, in the shape that React's `useSyncExternalStore` takes. */
  onState = (listener: () => void): (() => void) => this.on("state", listener);

  /** Takes it; null where somebody else holds it. The same person's other tab loses it. */
  take = (): Promise<EditLock | null> => this.inTurn(() => this.grab(false));

  /** Takes it from whoever holds it; for approvers. */
  force = (): Promise<EditLock | null> => this.inTurn(() => this.grab(true));

  /** Gives it back; it does not matter whether it still is ours. */
  release = (): Promise<void> => this.inTurn(() => this.giveBack(null));

  /** Gives it to who has asked for it, who takes it by itself. */
  handOver = (): Promise<void> => this.inTurn(() => this.giveBack("handed_over"));

  /** Forgets that it was lost. */
  letGo = (): void => this.set({ lost: null });

  /**
   * Asks its holder for it. Unless they refuse within 20 s it is taken by itself, and at once when they give it back.
   * `busy`: somebody else has asked before.
   */
  ask = (): Promise<"taken" | "asked" | "busy"> =>
    this.inTurn(async () => {
      if (!this.isOpen) return "busy";
      try {
        const lock = await this.api.ask();
        if (lock === null) return (await this.grab(false)) ? "taken" : "busy";
        this.user = lock.request?.user_id ?? this.user;
        this.isAsking = true;
        this.learn(lock, "elsewhere");
        return "asked";
      } catch (error) {
        if (!this.isNo(error, 409)) throw error;
        return "busy";
      }
    });

  /** Wants it no more. The holder is not told; the wish is forgotten after a minute. */
  withdraw = (): void => {
    this.isAsking = false;
    this.set({});
  };

  /** Keeps it though somebody has asked for it. */
  refuse = (): Promise<void> =>
    this.inTurn(async () => {
      const { token } = this.state;
      if (token === null) return;
      try {
        await this.api.refuse(token);
        this.touchedAt = this.client.clock.now();
        const { lock } = this.state;
        if (lock?.token === token) this.set({ lock: { ...lock, request: null } });
      } catch (error) {
        if (!this.isNo(error, 403, 412)) throw error;
      }
    });

  /** The holder does something: to be called at each input. Renews the lock, at most once a minute. */
  touch = (): void => {
    const now = this.client.clock.now();
    this.touchedAt = now;
    if (this.state.mine && now - this.renewedAt >= Math.min(RENEW_EVERY_MS, this.leaseMs / 2)) this.renew();
  };

  /** Runs a write with the token, which stays the present one meanwhile. One that fails is looked into: the lock may be lost. */
  write = <Answer>(run: (token: number | null) => Promise<Answer>): Promise<Answer> =>
    this.inTurn(async () => {
      try {
        return await run(this.state.token);
      } catch (error) {
        await this.read();
        throw error;
      }
    });

  private inTurn<Answer>(run: () => Promise<Answer>): Promise<Answer> {
    const done = this.turn.then(run);
    this.turn = done.catch(() => undefined);
    return done;
  }

  private background(run: () => Promise<unknown>): void {
    this.inTurn(run).catch((error: unknown) => this.emitter.emit("failed", error));
  }

  private async grab(force: boolean): Promise<EditLock | null> {
    if (!this.isOpen) return null;
    const wanted = { connection: this.session() ?? "", lock_type: this.lockType, force };
    let lock: EditLock;
    try {
      lock = await this.api.take({ ...wanted, lease_s: this.leaseMs / 1_000 });
    } catch (error) {
      if (this.isNo(error, 409)) return null;
      // It may have been given all the same.
      this.look();
      throw error;
    }
    if (!this.isOpen) {
      await this.api.release(lock.token);
      return null;
    }
    const isAgain = this.state.mine;
    this.isAsking = false;
    this.user = lock.holder.user_id;
    this.renewed();
    this.highest = Math.max(this.highest, lock.token);
    this.set({ lock, token: lock.token, lost: null });
    if (!isAgain) this.emitter.emit("taken", lock);
    return lock;
  }

  private async giveBack(lost: LockLoss | null): Promise<void> {
    const { token } = this.state;
    if (token === null) {
      this.set({ lost: null });
      return;
    }
    try {
      await this.api.release(token);
      this.set({ lock: null, token: null, lost });
      if (lost) this.emitter.emit("lost", lost);
    } catch (error) {
      if (this.isNo(error, 403, 412)) return;
      // It ends by itself.
      this.set({ token: null, lost });
      throw error;
    }
  }

  private renew(): void {
    this.renewed();
    this.background(async () => {
      const { token, lock } = this.state;
      if (token === null || !lock) return;
      try {
        const isNearItsEnd = this.untilMs(lock.taken_at, MAX_LEASE_MS) < this.leaseMs / 2;
        if (isNearItsEnd) await this.grab(false);
        else this.set({ lock: await this.api.renew(token, this.leaseMs / 1_000) });
      } catch (error) {
        if (this.isNo(error, 403, 412)) return;
        this.timers.set("renew", AGAIN_MS, () => this.renew());
        throw error;
      }
    });
  }

  private renewed(): void {
    this.renewedAt = this.client.clock.now();
    this.timers.set("renew", this.leaseMs / 2, () => {
      if (this.state.mine && this.touchedAt > this.renewedAt) this.renew();
    });
  }

  /** Whether the server said no with one of these; if so, what it said of the lock is learnt. */
  private isNo(error: unknown, ...statuses: number[]): boolean {
    if (!(error instanceof HttpError) || !statuses.includes(error.status)) return false;
    const { lock } = error.problem;
    if (lock) this.learn(lock, "elsewhere");
    else if (error.status === 412 && this.state.mine) this.lose("expired", null);
    return true;
  }

  private look(): void {
    if (this.isLookPlanned || !this.isOpen) return;
    this.isLookPlanned = true;
    this.background(() => {
      this.isLookPlanned = false;
      return this.read();
    });
  }

  /** Asks the server for the lock. */
  private async read(): Promise<void> {
    if (!this.isOpen) return;
    const { told } = this;
    try {
      const { lock } = await this.api.present();
      if (!this.isOpen) return;
      // The room was quicker; which of the two is newer cannot be told.
      if (told !== this.told) this.look();
      else if (this.state.mine && this.isToBeTakenAgain(lock)) await this.retake();
      else this.learn(lock, "elsewhere");
    } catch (error) {
      this.emitter.emit("failed", error);
    }
    if (this.isOpen && this.client.roomPhase(this.resource) !== "joined")
      this.timers.set("look", LOOK_EVERY_MS, () => this.look());
  }

  /** After the connection was away the lock is on a connection that is no more, or was freed with it. */
  private isToBeTakenAgain(lock: EditLock | null): boolean {
    const { lock: before, token } = this.state;
    if (lock === null) return before !== null && this.untilMs(before.expires_at) > 2 * MARGIN_MS;
    const session = this.session();
    return lock.token === token && session !== null && lock.holder.connection !== session;
  }

  private async retake(): Promise<void> {
    const { token } = this.state;
    const lock = await this.grab(false);
    if (lock) this.emitter.emit("retaken", { lock, wasElsewhere: lock.token > (token ?? 0) + 1 });
  }

  private onUpdate({ action, lock_status: lock, at }: LockUpdate): void {
    this.told += 1;
    const before = this.state.lock;
    if (lock === null) {
      if (before && Date.parse(at) < Date.parse(before.taken_at)) return;
      // Freed by the server, or given back by ourselves, or told before we took it: the server knows.
      if (this.state.mine) this.look();
      else this.learn(null, "elsewhere");
      return;
    }
    // Our own taking, told before its answer has come.
    const isOwn = lock.holder.user_id === this.me() && lock.holder.connection === this.session();
    if (isOwn && lock.token > this.highest) return;
    if (action === "refused" && this.isAsking && lock.token === before?.token) {
      this.isAsking = false;
      this.emitter.emit("refused", lock);
    }
    this.learn(lock, lossBy(action));
  }

  /** Takes the server's word for the lock, unless it is an old one. */
  private learn(lock: EditLock | null, why: LockLoss): void {
    if (lock && lock.token < this.highest) return;
    const { token } = this.state;
    if (lock) this.highest = lock.token;
    if (token !== null && lock?.token !== token) {
      this.lose(lock === null ? "expired" : lock.holder.user_id === this.me() ? "moved" : why, lock);
      return;
    }
    this.set({ lock });
    if (this.isAsking && lock === null)
      this.background(async () => {
        if (this.isAsking) await this.grab(false);
      });
  }

  private lose(why: LockLoss, lock: EditLock | null): void {
    this.timers.stop("renew");
    this.set({ lock, token: null, lost: why });
    this.emitter.emit("lost", why);
  }

  private set(more: Partial<Pick<LockState, "lock" | "token" | "lost">>): void {
    if (!this.isOpen) return;
    const before = this.state;
    const { lock, token, lost } = { ...before, ...more };
    if (this.isAsking && lock && lock.request?.user_id !== this.me()) this.isAsking = false;
    const request = this.wishOf(lock);
    const isKnown = before.isKnown || "lock" in more;
    this.state = { lock, isKnown, mine: token !== null, token, request, lost };
    this.plan(lock, request);
    this.emitter.emit("state", this.state);
    const isNew = request?.user_id !== before.request?.user_id || request?.dueAt !== before.request?.dueAt;
    if (request && isNew && token !== null) this.emitter.emit("asked", request);
  }

  private wishOf(lock: EditLock | null): LockWish | null {
    const request = lock?.request;
    if (!request || this.untilMs(request.asked_at, ASK_LASTS_MS) <= 0) return null;
    const { user_id, name } = request;
    const known = this.state.request;
    const isSame = known?.user_id === user_id && this.state.lock?.request?.asked_at === request.asked_at;
    // Reckoned once, so that it does not wander with the clocks.
    const waitMs = Math.min(ASK_WAIT_MS, this.untilMs(request.asked_at, ASK_WAIT_MS));
    const dueAt = isSame ? known.dueAt : this.client.clock.now() + waitMs;
    return { user_id, name, isOurs: this.isAsking && user_id === this.me(), dueAt };
  }

  private plan(lock: EditLock | null, request: LockWish | null): void {
    const { timers } = this;
    timers.stop("end", "due", "forgotten");
    if (lock) timers.set("end", Math.max(this.untilMs(lock.expires_at), 0) + MARGIN_MS, () => this.look());
    if (!lock?.request || !request) return;
    timers.set("forgotten", Math.max(this.untilMs(lock.request.asked_at, ASK_LASTS_MS), 0), () => {
      this.isAsking = false;
      this.set({});
    });
    if (request.isOurs) this.takeAt(request.dueAt + MARGIN_MS);
  }

  /** Nobody has refused: it may be taken. The server's clock may see that a little later. */
  private takeAt(at: number): void {
    this.timers.set("due", Math.max(at - this.client.clock.now(), 0), () => {
      this.background(async () => {
        try {
          if (this.isAsking && !(await this.grab(false))) this.takeAt(this.client.clock.now() + AGAIN_MS);
        } catch (error) {
          this.takeAt(this.client.clock.now() + AGAIN_MS);
          throw error;
        }
      });
    });
  }

  /** A lock stands on the connection that carries its room. */
  private session(): string | null {
    return this.client.sessionOf(this.resource);
  }

  private me(): string | null {
    return this.client.userId ?? this.user;
  }

  /** Milliseconds until so long after a moment of the server's clock. */
  private untilMs(moment: string, laterMs = 0): number {
    return Date.parse(moment) + laterMs - this.client.serverNow();
  }
}

function lossBy(action: LockUpdate["action"]): LockLoss {
  if (action === "forced" || action === "taken_over" || action === "moved") return action;
  // Somebody could take it only when it was nobody's.
  return action === "taken" ? "expired" : "elsewhere";
}
