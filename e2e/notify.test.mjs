// Who is told what, through a real browser: what a person changes holds for the next alert and is the reason given; the outbox shows
// the mail, the short message and the push message of it; a template is written, tried and put back; a silence keeps an alert from
// everybody. Needs what browser.mjs says, and E2E_ADMIN_EMAIL, an admin. The reader is an account of this run.
import assert from "node:assert/strict";
import { createECDH, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  assertNoSidewaysScroll,
  assertNothingCut,
  BASE_URL,
  eventually,
  get,
  LIVE_MS,
  launch,
  live,
  PASSWORD,
  PHONE,
  post,
  shot,
  signIn,
  tokenOf,
  violations,
  WIDE,
  watch,
} from "./browser.mjs";

const ADMIN = process.env.E2E_ADMIN_EMAIL ?? "admin@crisislens.example";
const run = `${Date.now().toString(36)}${process.pid}`;
const READER = `reader-${run}@crisislens.example`;
const PHONE_NUMBER = "+34600123456";
const PUSH = `https://push.example.org/${run}`;
/** Far from each other, so that each flood is an incident of its own. */
const PLACES = [
  { place: "Reykjavik", country: "IS", lat: 64.15, lon: -21.94 },
  { place: "Nuuk", country: "GL", lat: 64.18, lon: -51.72 },
  { place: "Ushuaia", country: "AR", lat: -54.8, lon: -68.3 },
  { place: "Hobart", country: "AU", lat: -42.88, lon: 147.33 },
  { place: "Apia", country: "WS", lat: -13.83, lon: -171.77 },
];
/** Refused changes and templates are part of what this is about. */
const WANTED = [
  /^answer (412|422): .*\/api\/(silences|templates)/,
  /^console error: Failed to load resource: .* (412|422) /,
];

describe("who is told what", () => {
  const troubles = [];
  let browser;
  let admin;
  let reader;

  before(async () => {
    const name = `Rita Reader ${run}`;
    const made = await post("/api/auth/register", { email: READER, name, password: PASSWORD });
    assert.equal(made.status, 201, `register: ${made.status} ${await made.text()}`);
    browser = await launch();
    admin = await person(ADMIN, "/outbox");
    reader = await person(READER, "/preferences?view=devices");
  });

  after(async () => {
    await browser?.close();
  });

  /** Somebody signed in, on a page. */
  async function person(email, path) {
    const context = await browser.newContext({ viewport: WIDE, colorScheme: "light" });
    const page = await context.newPage();
    watch(page, troubles);
    page.setDefaultTimeout(LIVE_MS);
    await page.goto(`${BASE_URL}${path}`);
    await page.waitForURL("**/login**");
    await signIn(page, email);
    await page.waitForURL(`**${path.split("?")[0]}**`);
    await live(page);
    return { page, token: await tokenOf(email) };
  }

  /** An alert about a flood, raised by what an authority says of it. */
  async function alertOf({ place, country, lat, lon }, severity) {
    const title = `Flood in ${place} ${run}`;
    const answer = await post(
      "/api/ingest",
      {
        source: `authority-${run}`,
        source_id: place,
        source_kind: "official",
        title,
        text: `${title}. The river has burst its banks.`,
        stated: { hazard: "flood", severity, lat, lon, place, country },
      },
      admin.token,
    );
    assert.equal(answer.status, 202, `ingest: ${answer.status} ${await answer.clone().text()}`);
    const { ids } = await answer.json();
    return await eventually(`an alert about ${place}`, async () => {
      const { items } = await get("/api/alerts?limit=100", admin.token);
      return items.find(({ item_id }) => item_id === ids[0]);
    });
  }

  const decided = (alert) =>
    eventually("it is decided who is told", async () => {
      const { revisions } = await get(`/api/alerts/${alert.id}/reach`, admin.token);
      return revisions[0]?.done_at;
    });

  /** Opens the dialog that says why the reader was told of an alert, or not, once that is decided. */
  async function why(alert) {
    await decided(alert);
    const { page } = reader;
    await page.goto(`${BASE_URL}/alerts`);
    await page.getByRole("button", { name: `Why was I told, or not: ${alert.title}` }).click();
    const dialog = page.getByRole("dialog");
    await dialog.locator("[data-told]").waitFor();
    const told = (await dialog.locator("[data-told]").getAttribute("data-told")) === "true";
    const reasons = await dialog.locator("li").allTextContents();
    return { told, reasons };
  }

  /** Opens, on the admin's outbox, what it has about a place for an address of the reader: short ones say the place alone. */
  async function openMessage({ place }, channel, to) {
    const message = await eventually(`a message by ${channel}`, async () => {
      const { items } = await get("/api/outbox?limit=200", admin.token);
      return items.find((one) => one.to === to && one.text.includes(channel === "email" ? `${place} ${run}` : place));
    });
    await admin.page.locator(`[data-message="${channel}"] a[href*="${message.id}"]`).click();
    await admin.page.waitForURL(`**id=${message.id}**`);
    return { message, panel: admin.page.locator("section[aria-labelledby=message]") };
  }

  test("what a person changes holds for the next alert, and is the reason given", async () => {
    const { page, token } = reader;
    const before = await why(await alertOf(PLACES[0], "high"));
    assert.equal(before.told, true, "alerts of every place come to a new account's inbox");
    assert.ok(!before.reasons.some((reason) => reason.includes("by sms")), `before: ${before.reasons}`);

    await page.goto(`${BASE_URL}/preferences?view=devices`);
    await page.getByRole("form", { name: "Add a phone" }).getByLabel("Phone number").fill(PHONE_NUMBER);
    await page.getByRole("form", { name: "Add a phone" }).getByRole("button", { name: "Add" }).click();
    await page.getByText("Phone was added.").waitFor();
    // A browser without a way out cannot ask a push service for an address: one is given in its place.
    const keys = createECDH("prime256v1");
    const target = {
      kind: "web_push",
      endpoint: PUSH,
      p256dh: keys.generateKeys().toString("base64url"),
      auth: randomBytes(16).toString("base64url"),
    };
    const device = await post("/api/notifications/devices", { label: "Browser", target }, token);
    assert.equal(device.status, 201, `device: ${device.status} ${await device.text()}`);

    await page.goto(`${BASE_URL}/preferences`);
    for (const channel of ["E-mail", "SMS", "Push"])
      await page.getByLabel(`Alerts: ${channel}`, { exact: true }).check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.", { exact: true }).waitFor();
    const told = await why(await alertOf(PLACES[1], "high"));
    assert.equal(told.told, true);
    for (const channel of ["inbox", "email", "sms", "push"])
      assert.ok(
        told.reasons.some((reason) => reason.includes(`by ${channel}`)),
        `${channel} among ${told.reasons}`,
      );
  });

  test("the outbox shows the mail rendered, the short message in segments and the push payload", async () => {
    const { items } = await get("/api/alerts?limit=100", admin.token);
    const alert = items.find(({ area }) => area.includes(PLACES[1].place));
    await admin.page.goto(`${BASE_URL}/outbox`);
    await admin.page.locator('[data-carried="email"]').getByText("ends here").waitFor();
    const mail = await openMessage(PLACES[1], "email", READER);
    const frame = mail.panel.locator("iframe");
    assert.equal(await frame.getAttribute("sandbox"), "", "the mail has no right in the page");
    await mail.panel.frameLocator("iframe").getByRole("heading", { name: alert.title }).waitFor();
    await shot(admin.page, "outbox-mail-1440x900");

    const short = await openMessage(PLACES[1], "sms", PHONE_NUMBER);
    await short.panel.getByText(/^\d segments?, (GSM-7|UCS-2), \d+ (septets|code units)$/).waitFor();
    const parts = await short.panel.locator("[data-segment] p:first-child").allTextContents();
    assert.equal(parts.join(""), short.message.text);
    assert.equal(parts.length, short.message.payload.segments);

    const push = await openMessage(PLACES[1], "push", PUSH);
    await push.panel.getByText(`Opens /alerts?id=${alert.id}`).waitFor();
    await push.panel.getByRole("tab", { name: "Payload" }).click();
    const payload = JSON.parse(await push.panel.getByRole("tabpanel").textContent());
    assert.ok(payload.title.includes(alert.title), payload.title);
    assert.equal(payload.severity, "high");
  });

  test("nobody is told below their least severity, and reads so", async () => {
    const { page } = reader;
    await page.goto(`${BASE_URL}/preferences`);
    await page.getByLabel("Nothing below").selectOption("critical");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.", { exact: true }).waitFor();
    const { told, reasons } = await why(await alertOf(PLACES[2], "high"));
    assert.deepEqual({ told, reasons }, { told: false, reasons: ["asks for nothing below critical"] });
  });

  test("a template is written beside its preview; what is wrong with a part is said at the part", async () => {
    const { page } = admin;
    await page.goto(`${BASE_URL}/templates`);
    await page.getByRole("link", { name: /^Correction, English\s+Shipped$/ }).click();
    await page.waitForURL("**name=correction&locale=en");
    const preview = page.locator("section[aria-labelledby=preview]");
    await page.getByLabel("With the data of").selectOption("");
    await preview.getByText("Flood in Valencia").first().waitFor();

    await page.getByLabel("SMS", { exact: true }).fill(`${run} {{ titel }}`);
    await preview.getByText(/there is no `titel`/).waitFor();
    await page.locator("form").getByRole("alert").filter({ hasText: "line 1: there is no `titel`" }).waitFor();
    await page.getByRole("form", { name: "Texts" }).getByRole("button", { name: "Save" }).click();
    await page.getByText("This was not saved. Put right: SMS.").waitFor();
    await page.waitForFunction(() => document.activeElement?.matches('[name="sms"][aria-invalid="true"]'));
    await page.getByLabel("SMS", { exact: true }).fill(`${run} `);
    await page.getByRole("button", { name: "Put title in" }).click();
    await page.getByLabel("Subject", { exact: true }).fill(`{{ severity_word }} ${run}`);
    await preview.getByText(`high ${run}`, { exact: true }).waitFor();
    await preview.frameLocator("iframe").getByText(`high ${run}`).first().waitFor();
    await shot(page, "template-1440x900");
    assert.deepEqual(await violations(page), [], "axe on a template");
    await preview.getByRole("tab", { name: "SMS" }).click();
    await preview.getByText(`${run} Flood in Valencia`).waitFor();
    await preview.getByText("Segment 1 of 1").waitFor();
    await preview.getByRole("tab", { name: "Push" }).click();
    await preview.getByText(`high ${run}`).waitFor();
  });

  test("it is tried out on oneself, kept in versions, and given up again", async () => {
    const { page } = admin;
    const form = page.getByRole("form", { name: "Texts" });
    await page.getByRole("form", { name: "Send yourself a test" }).getByRole("button", { name: "Send" }).click();
    await page.locator('[data-test="sent"], [data-test="delivered"]').waitFor();
    const { items } = await get("/api/outbox?limit=200", admin.token);
    const test = items.find(({ subject }) => subject.includes(run));
    assert.deepEqual([test?.subject, test?.to], [`Test: high ${run}`, ADMIN]);

    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved as version 1.").waitFor();
    await page.getByLabel("Subject", { exact: true }).fill("something else");
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved as version 2.").waitFor();
    await page.getByRole("button", { name: "Restore version 1" }).click();
    await page.getByText("Version 1 is filled in. Save it to use it.").waitFor();
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved as version 3.").waitFor();
    const all = await get("/api/templates", admin.token);
    const own = all.items.find(({ name, locale }) => name === "correction" && locale === "en");
    assert.deepEqual(
      [own?.version, own?.subject, own?.sms],
      [3, `{{ severity_word }} ${run}`, `${run} {{ title }}`],
    );

    await page.getByRole("button", { name: "Back to the shipped texts" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("The shipped texts are used.").waitFor();
    assert.equal(await page.getByLabel("Subject", { exact: true }).inputValue(), "");
  });

  test("a silence made on the page keeps an alert from everybody, for the reason given", async () => {
    const { page } = admin;
    const { name: author } = await get("/api/auth/me", admin.token);
    await page.goto(`${BASE_URL}/rules`);
    await page.getByRole("button", { name: "Add a silence" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("Say why.").waitFor();
    await dialog.getByLabel("Reason").fill(`drill ${run}`);
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText(/^This silences every alert until /).waitFor();
    assert.equal(await dialog.getByLabel("Yes, silence every alert").isChecked(), false);
    assert.deepEqual(await violations(page), [], "axe on what is asked before every alert is silenced");
    await dialog.getByText(/alerts? in force now/).waitFor();
    await dialog.getByLabel("Words").fill(run);
    await dialog.getByLabel("Flood").check();
    await shot(page, "silence-1440x900");
    assert.deepEqual(await violations(page), [], "axe on a silence's form");
    await dialog.getByRole("button", { name: "Save" }).click();
    const row = page.locator("[data-set-up]").filter({ hasText: `drill ${run}` });
    await row.getByText("In force").waitFor();
    await row.getByText(`by ${author}`).waitFor();
    await row.getByText(`“${run}”`).waitFor();

    const { told, reasons } = await why(await alertOf(PLACES[3], "critical"));
    assert.equal(told, false, `told: ${reasons}`);
    assert.equal(reasons.length, 1);
    assert.match(reasons[0], new RegExp(`^silenced by ${author} until .*: drill ${run}$`));
  });

  test("who is second to change a silence hears of it, and goes on from what is there", async () => {
    const { page, token } = admin;
    const row = page.locator("[data-set-up]").filter({ hasText: run });
    await page.getByRole("button", { name: `Edit drill ${run}` }).click();
    const dialog = page.getByRole("dialog");
    const { items } = await get("/api/silences", token);
    const { id, version, changed_at: _, ...silence } = items.find(({ reason }) => reason.includes(run));
    const first = await fetch(`${BASE_URL}/api/silences/${id}`, {
      method: "PUT",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${token}`,
        "if-match": `"${version}"`,
      },
      body: JSON.stringify({ ...silence, reason: `first ${run}` }),
    });
    assert.equal(first.status, 200, `replace: ${first.status}`);
    await dialog.getByLabel("Reason").fill(`second ${run}`);
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("Somebody changed it meanwhile.").waitFor();
    assert.equal(await dialog.getByLabel("Reason").inputValue(), `second ${run}`, "what was typed stays");
    await dialog.getByRole("button", { name: "Load what it is now" }).click();
    await page.waitForFunction(
      (reason) => document.querySelector("dialog input")?.value === reason,
      `first ${run}`,
    );
    await dialog.getByLabel("Reason").fill(`third ${run}`);
    await dialog.getByRole("button", { name: "Save" }).click();
    await row.filter({ hasText: `third ${run}` }).waitFor();

    await row.getByRole("button", { name: `Delete third ${run}` }).click();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await row.waitFor({ state: "detached" });
    const left = await get("/api/silences", token);
    assert.ok(left.items.every(({ reason }) => !reason.includes(run)));
  });

  test("a team's people are chosen by name, with the keyboard alone", async () => {
    const { page } = admin;
    await page.goto(`${BASE_URL}/rules?view=teams`);
    await page.getByRole("button", { name: "Add a team" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name", { exact: true }).fill(`Team ${run}`);
    const people = dialog.getByRole("combobox", { name: "Add a person" });
    await people.fill(`nobody ${run}`);
    await dialog.getByText("Nobody has such a name.").waitFor();
    await people.press("Escape");
    await people.fill(`Rita Reader ${run}`);
    await dialog.getByRole("option", { name: `Rita Reader ${run}` }).waitFor();
    await shot(page, "team-1440x900");
    assert.deepEqual(await violations(page), [], "axe on a list of colleagues");
    await people.press("Enter");
    await dialog.getByRole("button", { name: `Remove Rita Reader ${run}` }).waitFor();
    await dialog.getByRole("button", { name: "Save" }).click();
    const row = page.locator("[data-set-up]").filter({ hasText: `Team ${run}` });
    await row.getByText(`Rita Reader ${run}`).waitFor();

    await row.getByText("Subscriptions", { exact: true }).click();
    await row.getByRole("button", { name: "Add a subscription" }).click();
    await dialog.getByLabel("Name", { exact: true }).fill(`Floods ${run}`);
    await dialog.getByLabel("Flood").check();
    await dialog.getByRole("button", { name: "Save" }).click();
    await row.getByText(/^it is the first: /).waitFor();
    assert.deepEqual(await violations(page), [], "axe on a team's subscriptions");
    await row.getByRole("button", { name: `Delete Floods ${run}` }).click();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await row.getByText("No subscriptions").waitFor();
    await row.getByRole("button", { name: `Delete Team ${run}` }).press("Enter");
    await dialog.getByRole("button", { name: "Delete" }).press("Enter");
    await row.waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Teams");
  });

  test("dialogs of rules are worked with the keyboard alone, and give the focus back", async () => {
    const { page } = admin;
    const inFocus = () => page.evaluate(() => document.activeElement?.textContent);
    await page.goto(`${BASE_URL}/rules?view=roles`);
    await page.getByRole("heading", { name: "Viewers" }).waitFor();
    assert.deepEqual(await violations(page), [], "axe on the subscriptions of roles");
    await page.getByRole("link", { name: "Escalation chains" }).focus();
    await page.keyboard.press("Tab");
    assert.equal(await inFocus(), "Add a subscription", "the parts of the page are followed by what is in them");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assert.equal(await inFocus(), "Add a subscription");

    await page.goto(`${BASE_URL}/templates?name=correction&locale=en`);
    await page.getByRole("form", { name: "Texts" }).waitFor();
    const panels = page.locator("main section[aria-labelledby] > header h2");
    await page.getByRole("heading", { name: "Variables" }).waitFor();
    assert.deepEqual(await panels.allTextContents(), ["Texts", "Preview", "Variables", "Send yourself a test"]);
  });

  test("who says that they see to an alert is on its page at once; who is named in a comment is told", async () => {
    const { page } = admin;
    const step = { wait_s: 3_600, users: [], teams: [], schedules: [], roles: ["admin"] };
    const match = { country: [], hazard: [], source: [], keyword: [run], incident: [] };
    const rule = { name: `Chain ${run}`, match, steps: [step], repeat: 0 };
    const chain = await post("/api/escalation-chains", rule, admin.token);
    assert.equal(chain.status, 201, `chain: ${chain.status}`);
    const alert = await alertOf(PLACES[4], "critical");
    await page.goto(`${BASE_URL}/alerts?id=${alert.id}`);
    await live(page);
    await page.getByText("Nobody has acknowledged it yet.").waitFor();
    await decided(alert);
    const said = await post(`/api/alerts/${alert.id}/acknowledge`, {}, reader.token);
    assert.equal(said.status, 200, `acknowledge: ${said.status}`);
    await page
      .locator("[data-acknowledger]")
      .filter({ hasText: `Rita Reader ${run}` })
      .waitFor();
    await page
      .locator('[data-severity="critical"]')
      .getByText(/^1 of .* told has/)
      .waitFor();
    await page.getByText("counted; ends no calls").waitFor();
    const escalation = page.locator("[data-escalation]").filter({ hasText: `Chain ${run}` });
    await escalation.getByText(/^Calls go on: step 1 of 1 at /).waitFor();
    await page.getByRole("button", { name: "Acknowledge" }).click();
    await page.getByRole("dialog").getByLabel("For how long").selectOption("60");
    await page.getByRole("dialog").getByRole("button", { name: "Acknowledge" }).click();
    await page.getByText(/Nobody else is called about it while that lasts\.$/).waitFor();
    await escalation.getByText(/^Rests until .*\. Then calls go on\.$/).waitFor();
    await shot(page, "alert-1440x900");
    assert.deepEqual(await violations(page), [], "axe on an alert");
    await page.setViewportSize(PHONE);
    await assertNoSidewaysScroll(page, "an alert");
    await assertNothingCut(page, "an alert");
    await shot(page, "alert-390x844");
    await page.setViewportSize(WIDE);

    await page.goto(`${BASE_URL}/items?id=${alert.item_id}`);
    const comment = page.getByRole("combobox", { name: "Comment" });
    await comment.fill(`@Rita Reader ${run}`);
    await page.getByRole("option", { name: `Rita Reader ${run}` }).waitFor();
    assert.deepEqual(await violations(page), [], "axe on a list of colleagues below a comment");
    await comment.press("Enter");
    await comment.press("End");
    await comment.pressSequentially("please look");
    await comment.press("Enter");
    await page.locator('[data-activity="commented"]').filter({ hasText: "please look" }).waitFor();
    await reader.page.goto(`${BASE_URL}/inbox`);
    await reader.page.locator("li").filter({ hasText: "Mention" }).filter({ hasText: "please look" }).waitFor();
    const { items } = await get("/api/notifications", reader.token);
    assert.equal(items.filter(({ type }) => type === "mention").length, 1);
  });

  test("a reader may look at the rules and change none", async () => {
    const { page } = reader;
    await page.goto(`${BASE_URL}/rules`);
    await page.getByText("Approvers and admins can change these.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Add a silence" }).count(), 0);
  });

  test("a reader is told whom the outbox and the templates are for, and is not led there", async () => {
    const { page } = reader;
    for (const path of ["/outbox", "/templates"]) {
      await page.goto(`${BASE_URL}${path}`);
      await page.getByText("This is for analysts, approvers and admins").waitFor();
      await page.getByText(/Whoever runs this installation can make you an analyst/).waitFor();
      assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0);
    }
    await page.getByRole("button", { name: "Account and pages" }).click();
    const links = await page.getByRole("navigation", { name: "Account and pages" }).getByRole("link").all();
    const led = await Promise.all(links.map((link) => link.getAttribute("href")));
    assert.ok(led.includes("/rules"), `led to ${led}`);
    assert.ok(!led.includes("/outbox") && !led.includes("/templates"), `led to ${led}`);
  });

  test("the new pages fit on a phone and are accessible", async () => {
    const { page } = admin;
    await page.setViewportSize(PHONE);
    const views = [
      "",
      "?view=windows",
      "?view=inhibitions",
      "?view=teams",
      "?view=roles",
      "?view=schedules",
      "?view=chains",
    ];
    for (const [name, path] of [
      ...views.map((view) => [`rules${view.replace("?view=", "-")}`, `/rules${view}`]),
      ["outbox", "/outbox"],
      ["templates", "/templates"],
      ["template", "/templates?name=alert&locale=es"],
    ]) {
      await page.goto(`${BASE_URL}${path}`);
      await live(page);
      await page.locator("main section, main li").filter({ visible: true }).first().waitFor();
      await page.waitForFunction(() => !document.querySelector('[role="status"][aria-label="Loading"]'));
      await assertNoSidewaysScroll(page, name);
      await assertNothingCut(page, name);
      await shot(page, `${name}-390x844`);
      // The rules' views are made of the same parts: axe takes its time, and looks at those that have the most.
      if (!/windows|inhibitions|teams/.test(name))
        assert.deepEqual(await violations(page), [], `axe on ${name} on a phone`);
    }
  });

  test("no error, no failed request and no foreign host on the way", () => {
    assert.deepEqual(
      troubles.filter((trouble) => WANTED.every((wanted) => !wanted.test(trouble))),
      [],
    );
  });
});
