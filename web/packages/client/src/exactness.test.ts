import { afterEach, expect, it, vi } from "vitest";
import { type FakeSocket, type FakeStream, fakeWorld, hello, item } from "./fakes.ts";

const EVENTS = 60;
const place = (position: string | null | undefined) => Number(position?.slice(1) ?? 0);
const all = Array.from({ length: EVENTS }, (_, at) => `p${at + 1}`);

/** Always the same luck for the same seed. */
function lucky(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

afterEach(() => {
  vi.useRealTimers();
});

/** Serves one connection from where it asks: some events, some of them twice, then a cut. */
function serve(line: { say: (frame: { type: string }) => void; from: number }, random: () => number) {
  line.say(hello);
  if (random() < 0.1) return;
  line.say({ type: "joined_room", room: "global", position: `p${line.from}`, recovered: true } as never);
  const until = Math.min(EVENTS, line.from + Math.floor(random() * 12));
  for (let at = line.from + 1; at <= until; at++) {
    line.say(item(`p${at}`));
    if (random() < 0.2) line.say(item(`p${at}`));
  }
}

it("each event comes once and in order, wherever and over whatever the connection is cut", async () => {
  let streams = 0;
  for (let seed = 1; seed <= 60; seed++) {
    vi.useFakeTimers();
    const random = lucky(seed);
    const world = fakeWorld({
      rooms: [{ room: "global", position: "p0" }],
      sseAfter: 2,
      random,
      maxTries: 1_000,
    });
    const served = new Set<FakeSocket | FakeStream>();
    world.client.connect();
    for (let turn = 0; turn < 400 && world.events.length < EVENTS; turn++) {
      await vi.advanceTimersByTimeAsync(500);
      const socket = world.last();
      if (socket && !socket.closed && !served.has(socket)) {
        served.add(socket);
        if (random() < 0.5)
          serve({ say: (frame) => socket.say(frame), from: place(socket.position()) }, random);
        socket.cut(random() < 0.5 ? 1006 : 4408);
      }
      await vi.advanceTimersByTimeAsync(0);
      const stream = world.stream();
      if (stream && !stream.signal.aborted && !served.has(stream)) {
        served.add(stream);
        stream.accept();
        const from = place(stream.headers["last-event-id"]);
        serve({ say: (frame) => stream.say(frame, (frame as { position?: string }).position), from }, random);
        stream.end();
        await vi.advanceTimersByTimeAsync(0);
      }
    }
    world.client.disconnect();
    streams += world.streams.length;
    expect(world.events, `seed ${seed}`).toEqual(all);
    expect(world.resyncs).toEqual([]);
    vi.useRealTimers();
  }
  expect(streams).toBeGreaterThan(60);
});
