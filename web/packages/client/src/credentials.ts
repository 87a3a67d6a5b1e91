// What a client proves with who it is: a token or a ticket, asked for, refused, renewed.
import { ClientError, type Denial } from "./ending.ts";
import { HttpError, type HttpRequest, requestJson } from "./http.ts";
import { baseOf, type Credential, type Transport } from "./line.ts";
import type { Settings } from "./options.ts";
import type { Timers } from "./timers.ts";
import { endOf } from "./token.ts";

/** However short a token lives, it is not renewed more often than this. */
const RENEW_EVERY_MS = 5_000;

export class Credentials {
  /** The access token that was used last. */
  token: string | undefined;
  /** Connections in a row that were ended for their token. */
  private denied = 0;
  private denial: ClientError | null = null;
  private refusedToken: string | undefined;
  private readonly settings: Settings;
  private readonly timers: Timers;

  constructor(settings: Settings, timers: Timers) {
    this.settings = settings;
    this.timers = timers;
    this.token = settings.token;
  }

  /** Nothing has been refused. */
  reset(): void {
    this.denied = 0;
    this.refusedToken = undefined;
  }

  /** For the next connection. Fails with a `ClientError` where there is no other than the one that was refused. */
  async next(transport: Transport): Promise<Credential> {
    const { getTicket, getToken } = this.settings;
    const ask = { renew: this.denial !== null };
    const hasToken = getToken !== undefined || this.token !== undefined;
    if (getTicket && (transport === "websocket" || !hasToken)) {
      const ticket = await getTicket(ask);
      this.denial = null;
      return { ticket };
    }
    const token = getToken ? await getToken(ask) : this.token;
    if (!token) throw new ClientError("token_expired", "there is no token");
    if (token === this.refusedToken && this.denial) throw this.denial;
    this.denial = null;
    this.token = token;
    return { token };
  }

  /** The server took the connection's token for bad. Whether that is the end, and whether to try another at once. */
  deny({ reason, message, most, atOnce }: Denial, code: number, said: string) {
    this.denied += 1;
    const error = new ClientError(reason, said || message, code);
    const isEnd = this.denied >= most;
    if (!isEnd) {
      this.denial = error;
      if (atOnce) this.refusedToken = this.token;
    }
    return { error, isEnd, isAtOnce: atOnce && this.denied === 1 };
  }

  /** Brings the next token in time, while `isWanted`. */
  planRenewal(isWanted: () => boolean, bring: (token: string) => void): void {
    const { getToken, getTicket, renewBeforeMs, clock } = this.settings;
    const end = endOf(this.token ?? "");
    if (!getToken || getTicket || end === null) return;
    const again = (ms: number) =>
      this.timers.set("renewal", ms, async () => {
        try {
          const next = await getToken({ renew: true });
          if (!isWanted()) return;
          if (next !== this.token) bring(next);
          this.planRenewal(isWanted, bring);
        } catch {
          if (isWanted()) again(RENEW_EVERY_MS);
        }
      });
    again(Math.max(RENEW_EVERY_MS, end - clock.now() - renewBeforeMs));
  }

  /** A request over HTTP with the token, which is renewed once where it is refused. */
  async request<Answer>(path: string, request: HttpRequest): Promise<Answer> {
    const { getToken, fetch, url } = this.settings;
    const ask = (token: string | undefined) => requestJson<Answer>(fetch, baseOf(url) + path, token, request);
    if (!getToken) return await ask(this.token);
    try {
      return await ask(await getToken({ renew: false }));
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 401) throw error;
      return await ask(await getToken({ renew: true }));
    }
  }
}
