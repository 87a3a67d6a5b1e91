// What the browser tests share: Chromium, sign-in, and what must not happen on the way.
// They need a running CrisisLens: BASE_URL, E2E_PASSWORD; optional CHROMIUM, E2E_SHOTS.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const BASE_URL = (process.env.BASE_URL ?? "http://127.0.0.1:8000").replace(/\/$/, "");
export const PASSWORD = process.env.E2E_PASSWORD ?? "";
export const LIVE_MS = 15_000;
export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };
const SHOTS = process.env.E2E_SHOTS ?? join(dirname(fileURLToPath(import.meta.url)), "shots");
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** A browser of our own. */
export async function launch() {
  await mkdir(SHOTS, { recursive: true });
  return await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Notes in `troubles` whatever must not happen while the tests run. */
export function watch(target, troubles) {
  const own = new URL(BASE_URL).host;
  target.on("console", (message) => {
    if (message.type() === "error") troubles.push(`console error: ${message.text()}`);
  });
  target.on("pageerror", (error) => troubles.push(`page error: ${error.message}`));
  target.on("request", (request) => {
    const url = new URL(request.url());
    if (/^(https?|wss?):$/.test(url.protocol) && url.host !== own) troubles.push(`foreign request: ${url.href}`);
  });
  target.on("requestfailed", (request) => {
    // A page that is left gives its open requests up.
    const reason = request.failure()?.errorText ?? "";
    if (!reason.includes("ERR_ABORTED")) troubles.push(`failed request: ${request.url()} ${reason}`);
  });
  target.on("response", (response) => {
    if (response.status() >= 400) troubles.push(`answer ${response.status()}: ${response.url()}`);
  });
  target.on("websocket", (socket) => {
    if (new URL(socket.url()).host !== own) troubles.push(`foreign socket: ${socket.url()}`);
  });
}

/** POST with JSON; without a token where there is none. */
export function post(path, body, token) {
  return fetch(`${BASE_URL}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
}

/** GET; the answer's JSON. */
export async function get(path, token) {
  const answer = await fetch(`${BASE_URL}${path}`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200, `${path}: ${answer.status}`);
  return await answer.json();
}

/** What `look` answers as soon as it answers something. */
export async function eventually(what, look) {
  const end = Date.now() + LIVE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `never: ${what}`);
    await new Promise((wait) => setTimeout(wait, 200));
  }
}

/** An access token over HTTP. */
export async function tokenOf(email) {
  const login = await post("/api/auth/login", { email, password: PASSWORD });
  assert.equal(login.status, 200, `sign-in over HTTP: ${login.status}`);
  return (await login.json()).access_token;
}

/** Signs in on the sign-in page. */
export async function signIn(page, email) {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/**
 * Waits for the page to stand still: a colour on its way from one theme or state to another is none that anybody reads.
 * What moves for ever (a pulse) is not waited for.
 */
async function settled(target) {
  await target.evaluate(async () => {
    const frame = () => new Promise((next) => requestAnimationFrame(next));
    for (;;) {
      await frame();
      await frame();
      const running = document
        .getAnimations()
        .filter(({ effect, playState }) => playState === "running" && effect?.getComputedTiming().endTime < 60_000);
      if (running.length === 0) return;
      await Promise.allSettled(running.map(({ finished }) => finished));
    }
  });
}

/** Serious and critical findings of axe. */
export async function violations(target) {
  await settled(target);
  await target.evaluate(await readFile(AXE, "utf8"));
  const { violations: found } = await target.evaluate(() =>
    // biome-ignore lint/correctness/noUndeclaredVariables: axe has just been put into the page
    axe.run(document, { resultTypes: ["violations"] }),
  );
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`)}`);
}

export async function assertNoSidewaysScroll(target, name) {
  const width = await target.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= PHONE.width, `${name} is ${width} px wide on a phone of ${PHONE.width} px`);
}

/** What is cut off at the side without three dots that say so: nothing on a phone may be. */
export async function assertNothingCut(target, name) {
  const cut = await target.evaluate(() =>
    [...document.querySelectorAll("main *")]
      .filter((element) => {
        const { width, height } = element.getBoundingClientRect();
        const { overflowX, textOverflow } = getComputedStyle(element);
        const isSeen = width > 1 && height > 1;
        return (
          isSeen &&
          overflowX !== "visible" &&
          textOverflow !== "ellipsis" &&
          element.scrollWidth > element.clientWidth + 1
        );
      })
      .map(({ tagName, textContent }) => `${tagName}: ${textContent.slice(0, 60)}`),
  );
  assert.deepEqual(cut, [], `cut off on ${name}`);
}

export const shot = (target, name) => target.screenshot({ path: join(SHOTS, `${name}.png`) });
export const live = (target) => target.waitForSelector('[data-connection="live"]');
