#!/usr/bin/env node
// Prints live events of CrisisLens, a line of JSON each, over a WebSocket. Needs Node 22 or newer and no package.
//
//   node watch.mjs [ADDRESS [EMAIL [PASSWORD]]]
//
// What is not given is taken from CRISISLENS_URL, CRISISLENS_EMAIL and CRISISLENS_PASSWORD. Goes on after cuts where it
// was: each event once. A client for browsers and React, with many rooms and locks, is in web/packages/client.

const { env, argv } = process;
const [url = env.CRISISLENS_URL ?? "http://127.0.0.1:8000", email = env.CRISISLENS_EMAIL, password = env.CRISISLENS_PASSWORD] =
  argv.slice(2);
const ROOM = "global"; // the room that /ws joins by itself
const CONTROL = new Set(["connection", "joined_room", "left_room", "pong", "resync", "error", "going_away"]);
const LONGEST_WAIT_MS = 30_000;

let token;
let position; // of the last event that was printed

function say(...words) {
  console.error("watch:", ...words);
}

function fail(...words) {
  say(...words);
  process.exit(1);
}

async function signIn() {
  const answer = await fetch(new URL("/api/auth/login", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
    signal: AbortSignal.timeout(30_000),
  });
  if (answer.status >= 400 && answer.status < 500) fail("cannot sign in:", answer.status, await answer.text());
  if (!answer.ok) throw new Error(`signing in: ${answer.status}`);
  return (await answer.json()).access_token;
}

/** One connection, to its end: how it ended, and when the server wants us back. */
function watch() {
  const address = new URL("/ws", url);
  address.protocol = address.protocol.replace("http", "ws");
  if (position) address.searchParams.set("position", position);
  // A browser's WebSocket takes no headers, so the token travels as a subprotocol.
  const socket = new WebSocket(address, [`bearer.${token}`]);
  return new Promise((ended) => {
    const end = { code: 1006, greeted: false, wait: undefined };
    let quiet;
    const heard = (seconds) => {
      clearTimeout(quiet);
      quiet = setTimeout(() => {
        if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
        // A connection that broke without a word never ends by itself.
        quiet = setTimeout(() => finish(1006), 10_000);
      }, seconds * 1000);
    };
    const finish = (code) => {
      clearTimeout(quiet);
      socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
      ended({ ...end, code });
    };
    heard(30);
    socket.onmessage = ({ data }) => {
      heard(30);
      const frame = JSON.parse(data);
      if (!CONTROL.has(frame.type)) console.log(data);
      else if (frame.type === "connection") end.greeted = true;
      else if (frame.type === "going_away") end.wait = frame.reconnect_after_ms;
      else if (frame.type === "joined_room") say("joined", frame.room, "at", frame.position);
      else if (frame.type === "resync" || frame.type === "error") say(data);
      if (frame.room === ROOM && frame.position) position = frame.position;
    };
    socket.onclose = ({ code }) => finish(code);
    // No `close` follows where Node 20 finds nobody at the address.
    socket.onerror = () => finish(1006);
  });
}

if (!email || !password) fail("give an address, an e-mail address and a password: watch.mjs ADDRESS EMAIL PASSWORD");
if (typeof WebSocket !== "function") fail("this needs Node 22 or newer");
for (let tries = 0; ; tries++) {
  let end = {};
  try {
    token ??= await signIn();
    end = await watch();
    if (end.greeted) tries = 0;
    // Ended, withdrawn or refused: another token, or an answer that says why there is none.
    if ([1008, 4401, 4403].includes(end.code)) token = undefined;
  } catch (error) {
    say(error.cause?.message ?? error.message);
  }
  // A random time of a span that doubles: a thousand clients of one node do not come back at once.
  const wait = end.wait ?? Math.random() * Math.min(LONGEST_WAIT_MS, 1000 * 2 ** tries);
  say(`cut off (${end.code ?? "no connection"}); again in ${(wait / 1000).toFixed(1)} s`);
  await new Promise((resolve) => setTimeout(resolve, wait));
}
