// How a connection ends, and what is to be done about it (crates/realtime/src/close.rs).

export const POLICY = 1008;
export const TRY_LATER = 1013;
export const BROKEN = 1006;
export const TOKEN_EXPIRED = 4401;
export const ACCESS_REVOKED = 4403;
/** Nobody has used the connection for long. */
export const INACTIVE = 4410;

/**
 * Why the client does not try any more.
 * `gave_up`: as many tries as it may have failed. `refused`: the server takes neither token nor renewed token, or the client
 * breaks a rule. `token_expired`: no fresh token was to be had. `access_revoked`: the session was ended elsewhere.
 */
export type EndReason = "gave_up" | "refused" | "token_expired" | "access_revoked";

/** The end of trying; `retry()` begins anew. */
export class ClientError extends Error {
  readonly reason: EndReason;
  /** The close code that came last, where one did. */
  readonly code: number | undefined;

  constructor(reason: EndReason, message: string, code?: number) {
    super(message);
    this.name = "ClientError";
    this.reason = reason;
    this.code = code;
  }
}

/** A code that says something about the token: with a renewed one it is worth trying again. */
export interface Denial {
  reason: EndReason;
  message: string;
  /** Closes in a row after which it is the end. */
  most: number;
  /** Whether the first try with a renewed token is made at once. */
  atOnce: boolean;
}

/** Every other code (1006 broken, 1012 restart, 1013 busy, 4408 slow reader …) is answered with back-off and resume. */
const DENIALS: Record<number, Denial> = {
  // Also too many connections of one account, which passes; hence more tries.
  [POLICY]: { reason: "refused", message: "the server refuses this client", most: 3, atOnce: false },
  [TOKEN_EXPIRED]: { reason: "token_expired", message: "the token has expired", most: 3, atOnce: true },
  // Also a changed role, for which a renewed token is good.
  [ACCESS_REVOKED]: { reason: "access_revoked", message: "access was withdrawn", most: 2, atOnce: true },
};

export function denialOf(code: number): Denial | undefined {
  return DENIALS[code];
}
