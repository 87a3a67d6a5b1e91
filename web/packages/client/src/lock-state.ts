// What is known of a resource's lock, and what happens to it.
import type { EditLock } from "./model.ts";

/**
 * Why a lock is ours no more. `forced`: an approver took it. `taken_over`: it was asked for and not refused. `handed_over`:
 * given to who asked. `moved`: the same person works on in another tab. `expired`: it was not used for as long as it holds.
 * `elsewhere`: somebody else had it after the connection was away.
 */
export type LockLoss = "forced" | "taken_over" | "handed_over" | "moved" | "expired" | "elsewhere";

/** Somebody's wish to have the lock that another holds. */
export interface LockWish {
  user_id: string;
  name: string;
  /** It was made here. */
  isOurs: boolean;
  /** From when the lock may be taken unless its holder refuses before, in milliseconds of this machine's clock. */
  dueAt: number;
}

export interface LockState {
  /** Null where it is nobody's, or nothing is known of it. */
  lock: EditLock | null;
  /** Whether the server has said so. */
  isKnown: boolean;
  /** It is held here, and not by somebody else or in another tab. */
  mine: boolean;
  /** What a write sends as `Lock-Token`; null where the lock is not ours. */
  token: number | null;
  request: LockWish | null;
  /** Why what was ours is no more, until it is taken again or let go. */
  lost: LockLoss | null;
}

export interface LockEvents {
  /** Anything of the state. */
  state: LockState;
  /** It is ours. */
  taken: EditLock;
  /** It is ours again after the connection was away; `wasElsewhere` when somebody else had it in between. */
  retaken: { lock: EditLock; wasElsewhere: boolean };
  /** It is ours no more, and nobody here has given it back. */
  lost: LockLoss;
  /** Somebody would like to have it. */
  asked: LockWish;
  /** Its holder keeps it. */
  refused: EditLock;
  /** Something that nobody waits for, such as a renewal, did not work; it is tried again. */
  failed: unknown;
}

/** A wish may be fulfilled after so long, unless the holder refuses … */
export const ASK_WAIT_MS = 20_000;
/** … and is forgotten after so long. */
export const ASK_LASTS_MS = 60_000;
/** However often it is renewed, a lock ends so long after it was taken. */
export const MAX_LEASE_MS = 30 * 60_000;
