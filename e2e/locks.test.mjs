// Two people at one item, in two browsers: they see each other, one edits, the other asks and is given the lock, and what the
// first writes with the old token is refused while the draft is kept. Needs what browser.mjs says; E2E_EMAIL, an analyst, and
// E2E_ADMIN_EMAIL, an admin.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  assertNoSidewaysScroll,
  BASE_URL,
  eventually,
  get,
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

const FIRST = process.env.E2E_EMAIL ?? "analyst@crisislens.example";
const SECOND = process.env.E2E_ADMIN_EMAIL ?? "admin@crisislens.example";
const run = `${Date.now().toString(36)}-${process.pid}`;
const text = `Flood warning ${run}: the river Tiber has burst its banks in Rome, Italy, and 300 people are being evacuated.`;
/** Refused writes are what this is about. */
const WANTED = [/^answer 412: .*\/api\/items\//, /^console error: Failed to load resource: .* 412 /];

const troubles = [];
let browser;
let itemId;
/** The first person, whose page can be kept from hearing of locks. */
let first;
let second;
let isDeaf = false;

async function ingested() {
  const { token } = first;
  const item = { source: "e2e", source_id: `locks-${run}`, text, timestamp: new Date().toISOString() };
  const answer = await post("/api/ingest", item, token);
  assert.equal(answer.status, 202, `ingest: ${answer.status} ${await answer.text()}`);
  return await eventually("the item is there, and in its incident", async () => {
    const { items } = await get("/api/items?source=e2e", token);
    return items.find(({ source_id, incident_id }) => source_id === `locks-${run}` && incident_id)?.id;
  });
}

async function person(email) {
  const context = await browser.newContext({ viewport: WIDE, colorScheme: "light" });
  const page = await context.newPage();
  watch(page, troubles);
  page.setDefaultTimeout(LIVE_MS);
  const token = await tokenOf(email);
  const { name } = await get("/api/auth/me", token);
  return { email, page, token, name };
}

async function open({ page, email }) {
  await page.goto(`${BASE_URL}/items?id=${itemId}`);
  await page.waitForURL("**/login**");
  await signIn(page, email);
  await page.waitForURL("**/items?id=*");
  await live(page);
}

/** Presses the button that begins or goes on with editing; the lock's token. */
async function takeBy(page, button) {
  const taken = page.waitForResponse(
    (response) => response.url().includes("/api/collaboration/lock/") && response.request().method() === "POST",
  );
  await page.getByRole("button", { name: button, exact: true }).click();
  const lock = await (await taken).json();
  await page.locator('[data-draft="held"]').waitFor();
  return lock.token;
}

const tags = (page) => page.getByRole("textbox", { name: "Tags" });
const saveButton = (page) => page.getByRole("button", { name: "Save", exact: true });
const asks = (name) => `${name} asks for the lock`;

before(async () => {
  browser = await launch();
  first = await person(FIRST);
  second = await person(SECOND);
  await first.page.routeWebSocket(/\/ws/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((frame) => {
      if (!(isDeaf && String(frame).includes('"lock_update"'))) socket.send(frame);
    });
  });
  itemId = await ingested();
});

after(async () => {
  await browser?.close();
});

describe("two people at one item", () => {
  let oldToken;

  test("they see each other, and where the other points", async () => {
    await open(first);
    await open(second);
    await first.page.locator(`[data-present="${second.name}"]`).waitFor();
    await second.page.locator(`[data-present="${first.name}"]`).waitFor();
    const box = await second.page.locator("#headline").boundingBox();
    assert.ok(box, "there is a headline");
    for (const step of [0.2, 0.4, 0.6]) await second.page.mouse.move(box.x + box.width * step, box.y + box.height / 2);
    const cursor = first.page.locator(`[data-cursor="${second.name}"]`);
    await cursor.waitFor();
    await shot(first.page, "locks-cursor-1440x900");
    const theirs = await first.page.locator("#headline").boundingBox();
    const shown = await cursor.boundingBox();
    assert.ok(shown && theirs && Math.abs(shown.y - (theirs.y + theirs.height / 2)) < 4, "it is at the same place");
  });

  test("while the first edits, the second sees it and cannot save", async () => {
    oldToken = await takeBy(first.page, "Edit");
    await tags(first.page).fill(`first ${run}`);
    await second.page.locator(`[data-lock="${first.name}"]`).waitFor();
    await second.page.getByText(`${first.name} is editing this item`).first().waitFor();
    assert.equal(await second.page.getByRole("button", { name: "Edit", exact: true }).count(), 0);
    assert.equal(await saveButton(second.page).count(), 0);
    assert.ok(await second.page.getByRole("button", { name: "Triaged" }).isDisabled());
    const { version } = await get(`/api/items/${itemId}`, second.token);
    const refused = await write(second, version, { tags: ["without the lock"] });
    assert.equal(refused.status, 409);
    await shot(first.page, "locks-editing-1440x900");
    await shot(second.page, "locks-held-1440x900");
    for (const { page } of [first, second]) assert.deepEqual(await violations(page), [], "axe while one edits");
  });

  test("the second asks, the first hands over, and the second edits and saves", async () => {
    await second.page.getByRole("button", { name: "Ask for the lock" }).click();
    await first.page.getByText(asks(second.name)).waitFor();
    await shot(first.page, "locks-asked-1440x900");
    assert.deepEqual(await violations(first.page), [], "axe while the lock is asked for");
    await first.page.getByRole("button", { name: "Keep" }).click();
    await second.page.getByText(`${first.name} keeps the lock.`).first().waitFor();
    await second.page.getByRole("button", { name: "Ask for the lock" }).click();
    await first.page.getByText(asks(second.name)).waitFor();
    await first.page.getByRole("button", { name: "Hand over" }).focus();
    await first.page.keyboard.press("Enter");
    await second.page.locator('[data-draft="held"]').waitFor();
    await tags(second.page).fill(`second ${run}`);
    await saveButton(second.page).click();
    await second.page.locator("[data-draft]").waitFor({ state: "detached" });
    const { tags: saved } = await get(`/api/items/${itemId}`, second.token);
    assert.deepEqual(saved, [`second ${run}`]);
    const act = first.page.locator('[data-activity="edited"]').filter({ hasText: second.name });
    await act.filter({ hasText: `set the tags to second ${run}` }).waitFor();
  });

  test("the first's write with the old token is refused, and the draft is kept with the new holder's name", async () => {
    await takeBy(second.page, "Edit");
    const { version } = await get(`/api/items/${itemId}`, first.token);
    const refused = await write(first, version, { tags: [`first ${run}`] }, oldToken);
    assert.equal(refused.status, 412);
    assert.equal((await refused.json()).lock.holder.name, second.name);
    const lost = first.page.locator("[data-lost]");
    await lost.getByText(`${second.name} has the lock now`).waitFor();
    assert.equal(await tags(first.page).inputValue(), `first ${run}`);
    assert.equal(await saveButton(first.page).count(), 0);
    await shot(first.page, "locks-lost-1440x900");
    assert.deepEqual(await violations(first.page), [], "axe with a draft that cannot be saved");
    await first.page.reload();
    await live(first.page);
    await lost.getByText(`${second.name} has the lock now`).waitFor();
    assert.equal(await tags(first.page).inputValue(), `first ${run}`, "a reload keeps the draft");
    await second.page.getByRole("button", { name: "Cancel" }).click();
    await takeBy(first.page, "Take the lock");
    await saveButton(first.page).click();
    await first.page.locator("[data-draft]").waitFor({ state: "detached" });
    const { tags: saved } = await get(`/api/items/${itemId}`, first.token);
    assert.deepEqual(saved, [`first ${run}`]);
  });

  test("a page that has not heard of the loss is told by the refused write itself", async () => {
    await takeBy(first.page, "Edit");
    await tags(first.page).fill(`first again ${run}`);
    await second.page.locator(`[data-lock="${first.name}"]`).waitFor();
    isDeaf = true;
    await second.page.getByRole("button", { name: "Take over" }).click();
    await second.page.locator('[data-draft="held"]').waitFor();
    const refused = first.page.waitForResponse((response) => response.request().method() === "PATCH");
    await saveButton(first.page).click();
    assert.equal((await refused).status(), 412);
    isDeaf = false;
    await first.page.locator("[data-lost]").getByText(`${second.name} has the lock now`).waitFor();
    assert.equal(await tags(first.page).inputValue(), `first again ${run}`);
    const { tags: saved } = await get(`/api/items/${itemId}`, first.token);
    assert.deepEqual(saved, [`first ${run}`], "nothing of it was saved");
  });

  test("what the second says of it the first reads, once", async () => {
    const words = `Seen on the ground ✓ ${run}`;
    await second.page.locator("#comment").fill(words);
    await second.page.getByRole("button", { name: "Send", exact: true }).click();
    for (const { page } of [first, second]) {
      await page.locator('[data-activity="commented"]').filter({ hasText: words }).waitFor();
      assert.equal(await page.locator('[data-activity="commented"]').count(), 1);
    }
    assert.equal(await second.page.locator("#comment").inputValue(), "");
    await shot(first.page, "locks-comment-1440x900");
    assert.deepEqual(await violations(first.page), [], "axe with a comment");
  });

  test("it fits a phone, in both themes", async () => {
    const { page } = first;
    await page.setViewportSize(PHONE);
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.locator("[data-lost]").waitFor();
      await assertNoSidewaysScroll(page, `the item page with a draft, ${scheme}`);
      assert.deepEqual(await violations(page), [], `axe with a draft on a phone, ${scheme}`);
      await shot(page, `locks-lost-${scheme}-390x844`);
    }
    await page.getByRole("button", { name: "Discard the draft" }).click();
    await page.getByText(`${second.name} is editing this item`).first().waitFor();
    await assertNoSidewaysScroll(page, "the item page with a held lock");
    await shot(page, "locks-held-390x844");
  });

  test("no error, no failed request and no foreign host on the way", () => {
    assert.deepEqual(
      troubles.filter((trouble) => !WANTED.some((wanted) => wanted.test(trouble))),
      [],
    );
  });
});

/** Writes tags over HTTP, past the page. */
function write({ token }, version, edit, lockToken) {
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    "if-match": `"${version}"`,
    ...(lockToken !== undefined && { "lock-token": String(lockToken) }),
  };
  return fetch(`${BASE_URL}/api/items/${itemId}`, { method: "PATCH", headers, body: JSON.stringify(edit) });
}
