/** Lists patched at most this often, so that bursts stay readable and cheap. */
export const FLUSH_EVERY_MS = 100;
/** Frames are not drawn in a hidden tab; events still are applied. */
const HIDDEN_FLUSH_MS = 1_000;

export interface FrameClock {
  frame: (run: () => void) => void;
  later: (run: () => void, ms: number) => void;
  now: () => number;
  hidden: () => boolean;
}

const browserClock: FrameClock = {
  frame: (run) => requestAnimationFrame(run),
  later: (run, ms) => setTimeout(run, ms),
  now: () => performance.now(),
  hidden: () => document.hidden,
};

/** Gathers things and hands them over together, at most once per animation frame. */
export function batcher<T>(hand: (batch: T[]) => void, clock: FrameClock = browserClock): (thing: T) => void {
  let batch: T[] = [];
  let flushedAt = Number.NEGATIVE_INFINITY;
  const flush = () => {
    const full = batch;
    batch = [];
    flushedAt = clock.now();
    if (full.length > 0) hand(full);
  };
  return (thing) => {
    batch.push(thing);
    if (batch.length > 1) return;
    const wait = flushedAt + FLUSH_EVERY_MS - clock.now();
    if (clock.hidden()) clock.later(flush, HIDDEN_FLUSH_MS);
    else if (wait <= 0) clock.frame(flush);
    else clock.later(() => clock.frame(flush), wait);
  };
}
