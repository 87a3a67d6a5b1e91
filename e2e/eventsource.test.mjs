// A browser's own EventSource against the event streams, behind a line that can be cut: it goes on by itself where its address
// holds (`?token=`, on the server's own machine), and with a new ticket and `?position=` where it does not.
// Needs what browser.mjs says; E2E_EMAIL, an analyst; a server on this machine.
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { after, before, describe, test } from "node:test";
import { BASE_URL, LIVE_MS, launch, post, tokenOf } from "./browser.mjs";

const EMAIL = process.env.E2E_EMAIL ?? "analyst@crisislens.example";
const run = `${Date.now().toString(36)}-${process.pid}`;

let browser;
let page;
let line;
let token;

before(async () => {
  token = await tokenOf(EMAIL);
  line = await openLine();
  browser = await launch();
  page = await browser.newPage();
  page.setDefaultTimeout(LIVE_MS);
  // Any page of the server's origin will do; this one opens nothing of its own.
  await page.goto(`${line.url}/api/docs`);
  await page.evaluate(listen);
});

after(async () => {
  await browser?.close();
  await line?.close();
});

/** Hands requests on to the server until it is cut, and knows what streams were asked for. */
async function openLine() {
  const streams = [];
  let isCut = false;
  const server = createServer((asked, answer) => {
    if (asked.url.startsWith("/api/sse/")) streams.push({ url: asked.url, last: asked.headers["last-event-id"] });
    const { method, url: path, headers } = asked;
    const onward = request(`${BASE_URL}${path}`, { method, headers, agent: false }, (answered) => {
      answer.writeHead(answered.statusCode, answered.headers);
      answer.flushHeaders();
      answered.on("error", () => answer.destroy());
      answered.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    asked.pipe(onward);
  });
  server.on("connection", (socket) => isCut && socket.destroy());
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    streams,
    cut() {
      isCut = true;
      server.closeAllConnections();
    },
    mend() {
      isCut = false;
    },
    close() {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}

/** Runs in the page: what it needs to keep a stream and all that it says. */
function listen() {
  window.source?.close();
  window.heard = [];
  window.openStream = (path) => {
    const source = new EventSource(path);
    window.source = source;
    for (const kind of ["connection", "joined_room", "resync", "new_item"]) {
      source.addEventListener(kind, ({ data, lastEventId }) => {
        window.heard.push({ kind, id: JSON.parse(data).data?.id, lastEventId });
      });
    }
    // The state tells whether the browser comes back by itself.
    source.addEventListener("error", () => window.heard.push({ kind: "error", state: source.readyState }));
  };
  window.newTicket = async (token) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch("/api/ws/ticket", { method: "POST", headers });
    return (await answer.json()).ticket;
  };
}

let count = 0;

/** Brings an item; its id. */
async function ingest() {
  count += 1;
  const text = `Flood warning ${run}, number ${count}: the river Po has burst its banks in Cremona, Italy.`;
  const item = { source: "e2e", source_id: `eventsource-${run}-${count}`, text, timestamp: new Date().toISOString() };
  const answer = await post("/api/ingest", item, token);
  assert.equal(answer.status, 202, `ingest: ${answer.status}`);
  return (await answer.json()).ids[0];
}

/** Waits until the server has the item, so that its event is told, or missed. */
async function isThere(id) {
  const end = Date.now() + LIVE_MS;
  for (;;) {
    const answer = await fetch(`${BASE_URL}/api/items/${id}`, { headers: { authorization: `Bearer ${token}` } });
    if (answer.ok) return;
    assert.ok(Date.now() < end, `never there: ${id}`);
    await new Promise((wait) => setTimeout(wait, 100));
  }
}

const hears = (kind, least = 1) =>
  page.waitForFunction(
    ([kind, least]) => window.heard.filter((event) => event.kind === kind).length >= least,
    [kind, least],
  );
const hearsItem = (id) => page.waitForFunction((id) => window.heard.some((event) => event.id === id), id);
const heard = () => page.evaluate(() => window.heard);
/** Of these items those that were told, as often as they were. */
const told = async (ids) => (await heard()).map(({ id }) => id).filter((id) => ids.includes(id));

describe("a browser's own EventSource", () => {
  test("goes on by itself after a cut, and misses and repeats nothing", async () => {
    await page.evaluate((token) => window.openStream(`/api/sse/stream?token=${token}`), token);
    await hears("joined_room");
    assert.equal((await heard())[0].kind, "connection");
    const first = await ingest();
    await hearsItem(first);
    line.cut();
    await hears("error");
    const { state } = (await heard()).find(({ kind }) => kind === "error");
    assert.equal(state, 0, "it tries again");
    const missed = [await ingest(), await ingest()];
    for (const id of missed) await isThere(id);
    assert.deepEqual(await told(missed), []);
    line.mend();
    await hears("joined_room", 2);
    for (const id of missed) await hearsItem(id);
    const next = await ingest();
    await hearsItem(next);
    const all = [first, ...missed, next];
    assert.deepEqual((await told(all)).sort(), all.toSorted(), "each item once");
    assert.equal((await heard()).filter(({ kind }) => kind === "resync").length, 0);
    const [begun, again] = [line.streams[0], line.streams.at(-1)];
    assert.equal(begun.url, again.url, "the browser repeats the address");
    assert.ok(!begun.last && again.last, "and says the last id that it has had");
  });

  test("cannot use a ticket twice: the page asks for another and goes on from the last id", async () => {
    await page.evaluate(listen);
    await page.evaluate(async (token) => window.openStream(`/api/sse/items?ticket=${await window.newTicket(token)}`), token);
    await hears("joined_room");
    const first = await ingest();
    await hearsItem(first);
    line.cut();
    await hears("error");
    const missed = await ingest();
    await isThere(missed);
    line.mend();
    await page.waitForFunction(() => window.source.readyState === EventSource.CLOSED);
    assert.deepEqual(await told([missed]), []);
    await page.evaluate(async (token) => {
      const last = window.heard.findLast(({ lastEventId }) => lastEventId).lastEventId;
      window.openStream(`/api/sse/items?ticket=${await window.newTicket(token)}&position=${last}`);
    }, token);
    await hearsItem(missed);
    assert.deepEqual(await told([first, missed]), [first, missed], "each item once");
  });
});
