// The live path through a real browser: sign in, see a raw item become a row without reload, open it, see a revision
// arrive on the open page; then looks, widths, foreign requests, errors and accessibility.
// Needs what browser.mjs says, and E2E_EMAIL, an analyst.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  assertNoSidewaysScroll,
  BASE_URL,
  LIVE_MS,
  launch,
  live,
  PHONE,
  post,
  shot,
  signIn,
  tokenOf,
  violations,
  WIDE,
  watch,
} from "./browser.mjs";

const EMAIL = process.env.E2E_EMAIL ?? "analyst@crisislens.example";

const run = `${Date.now().toString(36)}-${process.pid}`;
const sourceId = `e2e-${run}`;
const firstText = `Flood warning ${run}: the river Arno has burst its banks in Florence, Italy, and 200 people are being evacuated.`;
const nextText = `Flood warning ${run}, revised: the river Arno keeps rising in Florence, Italy, and 900 people are being evacuated.`;

let browser;
let context;
let page;
const troubles = [];

before(async () => {
  browser = await launch();
  context = await browser.newContext({ viewport: WIDE, colorScheme: "light" });
  page = await context.newPage();
  watch(page, troubles);
  page.setDefaultTimeout(LIVE_MS);
});

after(async () => {
  await browser?.close();
});

async function ingest(text) {
  const token = await tokenOf(EMAIL);
  const item = { source: "e2e", source_id: sourceId, text, timestamp: new Date().toISOString() };
  const answer = await post("/api/ingest", item, token);
  assert.equal(answer.status, 202, `ingest: ${answer.status} ${await answer.text()}`);
}

/** Runs in the page: clicks "Pause" as soon as a row has the text. */
async function holdOnceThere({ text, ms }) {
  const isThere = () => [...document.querySelectorAll("[data-item]")].some((row) => row.textContent.includes(text));
  const pause = [...document.querySelectorAll("button")].find((button) => button.textContent.includes("Pause"));
  await new Promise((resolve, reject) => {
    const watcher = new MutationObserver(look);
    const late = setTimeout(() => reject(new Error("no such row")), ms);
    function look() {
      if (!isThere()) return;
      watcher.disconnect();
      clearTimeout(late);
      pause.click();
      resolve();
    }
    watcher.observe(document.body, { subtree: true, childList: true, characterData: true });
    look();
  });
}

const settled = (target) => target.waitForSelector("[data-item], [data-empty]");
const row = (text) => page.locator("[data-item]").filter({ hasText: text });

describe("the live path", () => {
  test("signing in leads to the live dashboard", async () => {
    await page.goto(`${BASE_URL}/`);
    await page.waitForURL("**/login**");
    assert.deepEqual(await violations(page), [], "axe on the sign-in page");
    await shot(page, "login-1440x900");
    await signIn(page, EMAIL);
    await page.waitForURL("**/dashboard");
    await live(page);
    await settled(page);
  });

  test("a raw item becomes a row without a reload", async () => {
    await page.evaluate(() => {
      window.e2eSamePage = true;
    });
    const before = await page.locator("[data-item]").count();
    await ingest(firstText);
    // Held still by the page itself the moment it is there: the exercise pushes the row out of the list within a second.
    await page.evaluate(holdOnceThere, { text: run, ms: LIVE_MS });
    await page.getByRole("button", { name: "Resume" }).waitFor();
    assert.equal(await page.evaluate(() => window.e2eSamePage), true, "the page was reloaded");
    assert.ok((await page.locator("[data-item]").count()) >= Math.min(before, 1));
    assert.equal(await row(run).count(), 1, "the row is there once");
    await shot(page, "dashboard-1440x900");
    assert.deepEqual(await violations(page), [], "axe on the dashboard");
  });

  test("the row opens by keyboard and shows what was said", async () => {
    await row(run).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/items?id=*");
    await page.getByText(firstText, { exact: false }).first().waitFor();
    await live(page);
    await shot(page, "item-1440x900");
    assert.deepEqual(await violations(page), [], "axe on the item page");
  });

  test("a revision of the same entry shows on the open page without a reload", async () => {
    await ingest(nextText);
    await page.getByText(nextText, { exact: false }).first().waitFor({ timeout: LIVE_MS });
    await page.getByText("Updated live").first().waitFor();
    assert.equal(await page.evaluate(() => window.e2eSamePage), true, "the page was reloaded");
    await shot(page, "item-live-1440x900");
  });

  test("a link to what cannot be an item says so, and the page stays live", async () => {
    await page.goto(`${BASE_URL}/items?id=abc`);
    await page.getByText("No such item").waitFor();
    await live(page);
  });
});

describe("looks", () => {
  test("light and dark both render", async () => {
    const grounds = [];
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto(`${BASE_URL}/dashboard`);
      await live(page);
      await settled(page);
      grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      await shot(page, `dashboard-${scheme}-1440x900`);
      assert.deepEqual(await violations(page), [], `axe on the ${scheme} dashboard`);
    }
    assert.notEqual(grounds[0], grounds[1]);
  });

  test("nothing scrolls sideways on a phone", async () => {
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize(PHONE);
    await page.goto(`${BASE_URL}/dashboard`);
    await live(page);
    await settled(page);
    await assertNoSidewaysScroll(page, "the dashboard");
    await shot(page, "dashboard-390x844");
    await page.locator("[data-item]").first().click();
    await page.waitForURL("**/items?id=*");
    await page.waitForSelector("#headline");
    await assertNoSidewaysScroll(page, "the item page");
    await shot(page, "item-390x844");
    for (const path of ["incidents", "alerts", "inbox", "outbox", "sources"]) {
      await page.goto(`${BASE_URL}/${path}`);
      await live(page);
      await assertNoSidewaysScroll(page, path);
      assert.deepEqual(await violations(page), [], `axe on ${path}`);
    }
    const guest = await (await browser.newContext({ viewport: PHONE })).newPage();
    watch(guest, troubles);
    await guest.goto(`${BASE_URL}/login`);
    await guest.getByLabel("E-mail").waitFor();
    await assertNoSidewaysScroll(guest, "the sign-in page");
    await shot(guest, "login-390x844");
    await guest.context().close();
  });

  test("no error, no failed request and no foreign host on the way", () => {
    assert.deepEqual(troubles, []);
  });
});
