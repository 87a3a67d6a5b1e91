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

/** What is known of the page that shows it all. */
export interface Page {
  /** False only where it is sure that nobody can see it. */
  isVisible(): boolean;
  /** Tells when that has changed, until the answer is called. */
  onVisibility(run: () => void): () => void;
  /** Tells when somebody does something in it, until the answer is called. */
  onInput(run: () => void): () => void;
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

const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

export const browserPage: Page = {
  isVisible: () => typeof document === "undefined" || document.visibilityState !== "hidden",
  onVisibility: (run) => {
    if (typeof document === "undefined") return () => undefined;
    document.addEventListener("visibilitychange", run);
    return () => document.removeEventListener("visibilitychange", run);
  },
  onInput: (run) => {
    if (typeof document === "undefined") return () => undefined;
    // Before anything in the page that keeps an event to itself.
    const how = { capture: true, passive: true };
    for (const kind of INPUTS) document.addEventListener(kind, run, how);
    return () => {
      for (const kind of INPUTS) document.removeEventListener(kind, run, how);
    };
  },
};

export function openBrowserSocket(address: string, protocols: string[]): Socket {
  if (typeof WebSocket === "undefined") {
    throw new Error("there is no WebSocket here; pass `openSocket`, for instance one of the package ws");
  }
  return new WebSocket(address, protocols) as unknown as Socket;
}
