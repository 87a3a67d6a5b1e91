// What the client needs of its surroundings; every one can be replaced, for tests or for Node.

/** What is used of a WebSocket. */
export interface Socket {
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason?: string }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface Clock {
  now(): number;
  /** Runs after so long, unless the answer is called before. */
  after(ms: number, run: () => void): () => void;
}

export interface Network {
  /** False only where it is sure that nothing can be reached. */
  isOnline(): boolean;
  /** Tells when it is online again, until the answer is called. */
  onOnline(run: () => void): () => void;
}

/** Longest time-out that browsers keep to. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, Math.min(ms, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

export const browserNetwork: Network = {
  isOnline: () => typeof navigator === "undefined" || navigator.onLine !== false,
  onOnline: (run) => {
    if (typeof globalThis.addEventListener !== "function") return () => undefined;
    globalThis.addEventListener("online", run);
    return () => globalThis.removeEventListener("online", run);
  },
};

export function openBrowserSocket(address: string, protocols: string[]): Socket {
  if (typeof WebSocket === "undefined") {
    throw new Error("there is no WebSocket here; pass `openSocket`, for instance one of the package ws");
  }
  return new WebSocket(address, protocols) as unknown as Socket;
}
