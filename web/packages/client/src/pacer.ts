// How fast a WebSocket says what the program says: a token bucket, below the limit of the server.
import type { Clock } from "./ports.ts";

/** At once, after a while without any; the server's own limit leaves room beside them. */
const BURST = 80;
const PER_SECOND = 40;

/** Sends no faster than a server reads: what it passes over would have to be sent again. In order, and nothing is dropped. */
export class Pacer {
  private readonly waiting: string[] = [];
  private left = BURST;
  private at: number;
  private stopTimer: (() => void) | undefined;
  private readonly clock: Clock;
  private readonly write: (text: string) => void;

  constructor(clock: Clock, write: (text: string) => void) {
    this.clock = clock;
    this.write = write;
    this.at = clock.now();
  }

  send(text: string): void {
    this.waiting.push(text);
    if (!this.stopTimer) this.flush();
  }

  stop(): void {
    this.stopTimer?.();
    this.waiting.length = 0;
  }

  private flush(): void {
    this.stopTimer = undefined;
    const now = this.clock.now();
    this.left = Math.min(BURST, this.left + ((now - this.at) / 1000) * PER_SECOND);
    this.at = now;
    const due = this.waiting.splice(0, Math.floor(this.left));
    this.left -= due.length;
    for (const text of due) this.write(text);
    if (this.waiting.length > 0) this.stopTimer = this.clock.after(1000 / PER_SECOND, () => this.flush());
  }
}
