import { afterEach, expect, it, vi } from "vitest";
import { type FakeSocket, type FakeStream, fakeWorld, hello, item } from "./fakes.ts";

const EVENTS = 60;
/** Rooms, by what their positions begin with. */
const LETTERS: Record<string, string> = { global: "p", "item:1": "q" };
const place = (position: string) => Number(position.slice(1));

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

/** What a room tells on one connection, from where it is asked: some events, some of them twice. */
function told(room: string, from: unknown, random: () => number) {
  const at = place(String(from));
  const name = (number: number) => `${LETTERS[room]}${number}`;
  const until = Math.min(EVENTS, at + Math.floor(random() * 12));
  const frames = [{ type: "joined_room", room, position: name(at), recovered: true }];
  for (let number = at + 1; number <= until; number++) {
    frames.push(item(name(number), room) as never);
    if (random() < 0.2) frames.push(item(name(number), room) as never);
  }
  return frames;
}

function serveSocket(socket: FakeSocket, random: () => number) {
  socket.say(hello);
  if (random() < 0.1) return;
  const joins = socket.sent.filter(({ type }) => type === "join_room");
  const rooms = [{ room: "global", position: socket.position() }, ...joins].map(({ room, position }) =>
    told(String(room), position, random),
  );
  while (rooms.some((frames) => frames.length > 0)) {
    const next = rooms[Math.floor(random() * rooms.length)]?.shift();
    if (next) socket.say(next);
  }
}

function serveStream(stream: FakeStream, random: () => number) {
  stream.accept();
  stream.say(hello);
  if (random() < 0.1) return;
  for (const frame of told(String(room(stream)), stream.headers["last-event-id"], random))
    stream.say(frame, frame.position);
}

const room = ({ url }: FakeStream) => url.searchParams.get("room");

it("each event comes once and in order, wherever and over whatever the connection is cut", async () => {
  let streams = 0;
  for (let seed = 1; seed <= 60; seed++) {
    vi.useFakeTimers();
    const random = lucky(seed);
    const world = fakeWorld({
      rooms: Object.entries(LETTERS).map(([room, letter]) => ({ room, position: `${letter}0` })),
      sseAfter: 2,
      random,
      maxTries: 1_000,
    });
    const served = new Set<FakeSocket | FakeStream>();
    world.client.connect();
    for (let turn = 0; turn < 400 && world.events.length < 2 * EVENTS; turn++) {
      await vi.advanceTimersByTimeAsync(500);
      const socket = world.last();
      if (socket && !socket.closed && !served.has(socket)) {
        served.add(socket);
        if (random() < 0.5) serveSocket(socket, random);
        socket.cut(random() < 0.5 ? 1006 : 4408);
      }
      await vi.advanceTimersByTimeAsync(0);
      const open = world.streams.filter((stream) => !stream.signal.aborted && !served.has(stream));
      for (const stream of open) {
        served.add(stream);
        serveStream(stream, random);
        if (random() < 0.5) await vi.advanceTimersByTimeAsync(0);
      }
      // One that ends takes the others along.
      open[Math.floor(random() * open.length)]?.end();
      await vi.advanceTimersByTimeAsync(0);
    }
    world.client.disconnect();
    streams += world.streams.length;
    for (const letter of Object.values(LETTERS)) {
      const events = world.events.filter((position) => position.startsWith(letter));
      const all = Array.from({ length: EVENTS }, (_, at) => `${letter}${at + 1}`);
      expect(events, `seed ${seed}`).toEqual(all);
    }
    expect(world.resyncs).toEqual([]);
    vi.useRealTimers();
  }
  expect(streams).toBeGreaterThan(120);
});
