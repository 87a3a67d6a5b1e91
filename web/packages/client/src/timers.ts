import type { Clock } from "./ports.ts";

/** Timers by name: setting one again puts it off. */
export class Timers {
  private readonly stops = new Map<string, () => void>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  set(name: string, ms: number, run: () => void): void {
    this.stop(name);
    const stop = this.clock.after(ms, () => {
      this.stops.delete(name);
      run();
    });
    this.stops.set(name, stop);
  }

  has(name: string): boolean {
    return this.stops.has(name);
  }

  stop(...names: string[]): void {
    for (const name of names) {
      this.stops.get(name)?.();
      this.stops.delete(name);
    }
  }

  stopAll(): void {
    this.stop(...this.stops.keys());
  }
}
