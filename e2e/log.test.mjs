// The operators' view of the log through a real browser: topics with lag and records, and a dead letter from the moment it
// dies to its replay and its discarding. Needs what browser.mjs says, and E2E_ADMIN_EMAIL, an admin.
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

const EMAIL = process.env.E2E_ADMIN_EMAIL ?? "admin@crisislens.example";
const run = `${Date.now().toString(36)}-${process.pid}`;
const troubles = [];
let browser;
let page;
let token;

before(async () => {
  browser = await launch();
  const context = await browser.newContext({ viewport: WIDE, colorScheme: "light" });
  page = await context.newPage();
  watch(page, troubles);
  page.setDefaultTimeout(LIVE_MS);
  token = await tokenOf(EMAIL);
});

after(async () => {
  await browser?.close();
});

/** Puts bytes that are no raw item onto raw-items; the event's id. */
async function publishRubbish(text) {
  const id = crypto.randomUUID();
  const body = {
    key: run,
    type: "crisislens.raw-item.received",
    id,
    value_base64: Buffer.from(text).toString("base64"),
  };
  const answer = await post("/api/topics/raw-items/records", body, token);
  assert.equal(answer.status, 201, `publish: ${answer.status} ${await answer.text()}`);
  return id;
}

/** Shows the letters of one event. */
async function showEvent(id) {
  await page.getByLabel("Event id").fill(id);
  await page.locator("[data-letter]").first().waitFor();
  assert.equal(await page.locator("[data-letter]").count(), 1, "the event has one undecided letter");
}

describe("the log", () => {
  test("an admin finds the log in the navigation, with topics, lag and records", async () => {
    await page.goto(`${BASE_URL}/log`);
    await page.waitForURL("**/login**");
    await signIn(page, EMAIL);
    await page.waitForURL("**/log");
    await live(page);
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Event log" }).waitFor();
    await page.getByRole("link", { name: /^normalized-items/ }).click();
    await page.getByRole("columnheader", { name: "crisis-lens-main/search" }).waitFor();
    await page.getByText(/\d+ rebalances? of crisis-lens-main since this node began/).waitFor();
    const record = page.locator("details").first();
    await record.locator("summary").click();
    await record.getByText("ce_id", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("Held still").waitFor();
    await shot(page, "log-topics-1440x900");
    assert.deepEqual(await violations(page), [], "axe on the topics");
  });

  test("groups and health are shown", async () => {
    await page.getByRole("link", { name: "Groups", exact: true }).click();
    await page.getByText("crisis-lens-notifications").first().waitFor();
    await shot(page, "log-groups-1440x900");
    assert.deepEqual(await violations(page), [], "axe on the groups");
    await page.getByRole("link", { name: "Health", exact: true }).click();
    await page.getByRole("heading", { name: "Search index" }).waitFor();
    await page.getByText("Searchable").waitFor();
    await shot(page, "log-health-1440x900");
    assert.deepEqual(await violations(page), [], "axe on the health");
  });

  test("a record that cannot be applied shows as a dead letter without a reload", async () => {
    await page.getByRole("link", { name: "Dead letters", exact: true }).click();
    await page.locator("[data-letter], [data-empty]").first().waitFor();
    const id = await publishRubbish(`rubbish ${run}`);
    await showEvent(id);
    await page.locator("[data-letter] a").focus();
    await page.keyboard.press("Enter");
    await page.getByText(`rubbish ${run}`).waitFor();
    await page.getByText("ce_id", { exact: true }).waitFor();
    await shot(page, "log-letter-1440x900");
    assert.deepEqual(await violations(page), [], "axe on a dead letter");
  });

  test("it is replayed by keyboard, dies again, and is edited and discarded", async () => {
    await page.getByRole("button", { name: "Replay", exact: true }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Replay" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText(/^Replayed by /).waitFor();
    // Its second death is another letter of the same event.
    const first = await page.url();
    await page.waitForFunction(() => document.querySelectorAll("[data-letter]").length === 1);
    await page.locator("[data-letter] a").click();
    await page.waitForURL((url) => url.href !== first);
    await page.getByText("1 time", { exact: true }).first().waitFor();
    await page.getByRole("button", { name: "Edit and replay" }).click();
    await dialog.getByLabel("Value").fill("still rubbish");
    await dialog.getByText("This is not JSON.").waitFor();
    await shot(page, "log-edit-1440x900");
    assert.deepEqual(await violations(page), [], "axe on the editor");
    await dialog.getByRole("button", { name: "Send" }).click();
    await page.getByText(/^Replayed by /).waitFor();
    const second = await page.url();
    await page.locator("[data-letter] a").click();
    await page.waitForURL((url) => url.href !== second);
    await page.getByText("still rubbish").waitFor();
    await page.getByRole("button", { name: "Discard", exact: true }).click();
    await dialog.getByLabel("Reason").fill("a trial");
    await dialog.getByRole("button", { name: "Discard" }).click();
    await page.getByText(/^Discarded by /).waitFor();
  });

  test("many are discarded by filter, after a dry run", async () => {
    for (const number of [1, 2, 3]) await publishRubbish(`more ${number} ${run}`);
    await page.goto(`${BASE_URL}/log?view=letters`);
    await page.getByLabel("Topic").selectOption("raw-items");
    await page.waitForFunction(() => document.querySelectorAll("[data-letter]").length >= 3);
    await page.getByRole("button", { name: "Discard these" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/to be done/).waitFor();
    await dialog.getByLabel("Reason").fill("a trial");
    await shot(page, "log-bulk-1440x900");
    assert.deepEqual(await violations(page), [], "axe on the bulk dialog");
    await dialog.getByRole("button", { name: "Begin" }).click();
    await dialog.getByText(/ discarded$/).waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await page.waitForSelector("[data-empty]");
  });

  test("nothing scrolls sideways on a phone", async () => {
    await page.setViewportSize(PHONE);
    for (const [name, query] of [
      ["topics", ""],
      ["topic", "?topic=normalized-items"],
      ["groups", "?view=groups"],
      ["letters", "?view=letters"],
      ["letter", "?view=letters&letter=0"],
      ["health", "?view=health"],
    ]) {
      await page.goto(`${BASE_URL}/log${query}`);
      await live(page);
      await page.locator("main li, main section, main [data-empty]").filter({ visible: true }).first().waitFor();
      await page.waitForFunction(() => !document.querySelector('[role="status"][aria-label="Loading"]'));
      await assertNoSidewaysScroll(page, `the log's ${name}`);
      await shot(page, `log-${name}-390x844`);
      assert.deepEqual(await violations(page), [], `axe on the log's ${name} on a phone`);
    }
  });

  test("no error, no failed request and no foreign host on the way", () => {
    assert.deepEqual(troubles, []);
  });
});
