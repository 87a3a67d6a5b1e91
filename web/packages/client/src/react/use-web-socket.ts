"use client";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { CrisisClient } from "../client.ts";
import type { ClientError } from "../ending.ts";
import type { ClientOptions } from "../options.ts";
import type { ConnectionState } from "../state.ts";

export interface Connection {
  client: CrisisClient;
  state: ConnectionState;
  /** What is told is the live picture. */
  isConnected: boolean;
  /** Why no more tries are made. */
  error: ClientError | null;
  /** Tries at once, also after the end. */
  retry: () => void;
}

const IDLE: ConnectionState = { phase: "idle" };

/**
 * A connection for as long as the component shows, and only while there is a token. A new token goes over the open connection.
 * Of the options, those of the first call count.
 */
export function useWebSocket(token: string | null, options: ClientOptions = {}): Connection {
  const latest = useRef(token);
  const [client] = useState(() => {
    // Where the program has no way to a fresh token but to render anew, the last is all there is.
    const getToken = options.getToken ?? (options.getTicket ? undefined : () => latest.current ?? "");
    return new CrisisClient({ ...options, getToken });
  });
  const state = useSyncExternalStore(client.onState, client.getState, () => IDLE);
  useEffect(() => {
    const before = latest.current;
    latest.current = token;
    if (token !== null && before !== null && token !== before) client.renew(token);
  }, [client, token]);
  const isWanted = token !== null;
  useEffect(() => {
    if (!isWanted) return;
    client.connect();
    return () => client.disconnect();
  }, [client, isWanted]);
  return {
    client,
    state,
    isConnected: state.phase === "live",
    error: state.phase === "ended" ? state.error : null,
    retry: () => client.retry(),
  };
}
