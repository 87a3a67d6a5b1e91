// Whether somebody is at the screen, as the page tells it: a hidden tab is away, an input is a sign of a person. Silence the
// server hears by itself.
import type { Availability } from "./model.ts";
import type { Clock, Page } from "./ports.ts";

/** However much is done, it is not said again before: well within the minute after which the server takes silence for idleness. */
const SAY_EVERY_MS = 20_000;

export interface AttentionOptions {
  page: Page;
  clock: Clock;
  say: (state: Availability) => void;
  /** Somebody is back: the tab is visible again, or something was done in it. */
  back: () => void;
}

export class Attention {
  private said: Availability = "active";
  private saidAt = Number.NEGATIVE_INFINITY;
  private stops: (() => void)[] = [];
  private readonly options: AttentionOptions;

  constructor(options: AttentionOptions) {
    this.options = options;
  }

  start(): void {
    this.stop();
    const { page } = this.options;
    this.stops = [
      page.onVisibility(() => {
        if (page.isVisible()) this.noteBack();
        else this.say("away");
      }),
      page.onInput(() => this.noteBack()),
    ];
  }

  stop(): void {
    for (const stop of this.stops) stop();
    this.stops = [];
  }

  /** A connection is there, whose person the server takes for active. */
  greet(): void {
    this.said = "active";
    this.saidAt = this.options.clock.now();
    if (!this.options.page.isVisible()) this.say("away");
  }

  private noteBack(): void {
    const { clock } = this.options;
    this.options.back();
    if (this.said !== "active" || clock.now() - this.saidAt >= SAY_EVERY_MS) this.say("active");
  }

  private say(state: Availability): void {
    this.said = state;
    this.saidAt = this.options.clock.now();
    this.options.say(state);
  }
}
