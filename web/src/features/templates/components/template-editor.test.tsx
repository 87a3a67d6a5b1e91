import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api, type Request } from "@/lib/api/http";
import type { Kept } from "@/lib/api/kept";
import { keys } from "@/lib/api/keys";
import { ApiError } from "@/lib/api/problem";
import type { Template, TemplateName } from "@/lib/api/template-types";
import { TestScreen } from "@/lib/test-screen";
import { setUp } from "@/messages/set-up";
import { partName, templates as words } from "@/messages/templates";
import { templates } from "../api/templates";
import { TemplateEditor } from "./template-editor";

vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.mock("@/lib/use-settled", () => ({ useSettled: <T,>(value: T) => value }));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

const own: Kept<Template> = {
  id: "t",
  version: 2,
  changed_at: "2026-01-01T00:00:00Z",
  name: "digest",
  locale: "en",
  subject: "{{ count }}",
};
const shown = {
  subject: "2",
  text: "two",
  html: "<p>two</p>",
  sms: { text: "two", segments: 1, encoding: "GSM-7" },
  push: { title: "2", body: "two" },
  webhook: null,
};

let screen: TestScreen;
let sent: { path: string; method: string; body: unknown; match?: string }[];
let refusal: ApiError | null;
let wrong: ApiError | null;

beforeEach(() => {
  sent = [];
  refusal = null;
  wrong = null;
  vi.mocked(api).mockImplementation(async (path: string, { method, body, headers }: Request = {}) => {
    if (path.endsWith("/preview")) {
      if (wrong) throw wrong;
      return shown;
    }
    if (path.endsWith("/variables"))
      return [
        {
          name: "digest",
          variables: [
            { name: "count", meaning: "how many", example: "2", html_only: false, webhook_only: false },
          ],
        },
        {
          name: "alert",
          variables: [
            { name: "alert_id", meaning: "its id", example: "1", html_only: false, webhook_only: true },
          ],
        },
      ];
    if (path.endsWith("/versions"))
      return {
        items: [
          { version: 2, changed_at: own.changed_at, by: "Ada", it: own },
          { version: 1, changed_at: own.changed_at, by: "Bob", it: { ...own, subject: "first", sms: "s" } },
        ],
      };
    if (!method) return { items: [own], total: 1, next: null };
    sent.push({ path, method, body, match: headers?.["if-match"] });
    if (refusal) throw refusal;
    return { ...own, ...(body as Template), version: 3 };
  });
  screen = new TestScreen();
  screen.cache.setQueryData(templates.key, { items: [own], total: 1, next: null });
});
afterEach(() => screen.close());

async function show(role: string, kept: Kept<Template> | undefined = own) {
  screen.cache.setQueryData(keys.me, { id: "u", role });
  await screen.show(<TemplateEditor name="digest" locale="en" own={kept} />);
}

async function showNew(name: TemplateName) {
  screen.cache.setQueryData(keys.me, { id: "u", role: "approver" });
  await screen.show(<TemplateEditor key={name} name={name} locale="en" own={undefined} />);
}

it("saves the parts that have a text, from the version that was read", async () => {
  await show("approver");
  await screen.fill(partName.push, "{{ count }} new");
  expect(screen.page.textContent).toContain(words.notSaved);
  await screen.click(words.save);
  const body = { name: "digest", locale: "en", subject: "{{ count }}", push: "{{ count }} new" };
  expect(sent).toEqual([{ path: "/api/templates/t", method: "PUT", body, match: '"2"' }]);
  expect(screen.page.textContent).toContain(words.saved(3));
});

it("what is wrong is said at the part and instead of the preview", async () => {
  wrong = new ApiError(422, { errors: [{ field: "subject", problem: "line 1: there is no `x`" }] });
  await show("approver");
  expect(screen.field(partName.subject).getAttribute("aria-invalid")).toBe("true");
  expect(screen.text("section[aria-labelledby=preview] [role=alert]")).toContain("there is no `x`");
  expect(screen.page.querySelector("iframe")).toBeNull();
});

it("what is wrong with a part has the focus when it could not be saved, and is told", async () => {
  await show("approver");
  await screen.fill(partName.sms, "{{ x }}");
  refusal = new ApiError(422, { errors: [{ field: "sms", problem: "line 1: there is no `x`" }] });
  await screen.click(words.save);
  const field = screen.field(partName.sms);
  expect(document.activeElement).toBe(field);
  expect(field.getAttribute("aria-invalid")).toBe("true");
  expect(screen.text("[data-saved=false]")).toBe(words.putRight(partName.sms));
});

it("the focus stays where one is when the button that had it has no more to do", async () => {
  await show("approver");
  await screen.fill(partName.push, "{{ count }} new");
  screen.button(words.save).focus();
  await screen.click(words.save);
  expect(screen.button(words.save).getAttribute("aria-disabled")).toBe("true");
  expect(document.activeElement).toBe(screen.button(words.save));
  await screen.click(words.save);
  expect(sent).toHaveLength(1);
});

it("fills an earlier version in, and puts a variable where one last typed", async () => {
  await show("admin");
  await screen.click(words.restoreNamed(1));
  expect(screen.field(partName.subject).value).toBe("first");
  expect(screen.page.textContent).toContain(words.restored(1));
  const sms = screen.field(partName.sms) as HTMLTextAreaElement;
  sms.focus();
  sms.setSelectionRange(1, 1);
  await screen.click(words.insert("count"));
  expect(screen.field(partName.sms).value).toBe("s{{ count }}");
});

it("keeps what was typed where somebody was first, and goes on from theirs when asked to", async () => {
  await show("approver");
  await screen.fill(partName.subject, "mine");
  refusal = new ApiError(412, { detail: "stale" });
  await screen.click(words.save);
  expect(screen.page.textContent).toContain(setUp.changedMeanwhile);
  const theirs = { ...own, version: 3, subject: "theirs" };
  await show("approver", theirs);
  expect(screen.field(partName.subject).value).toBe("mine");
  await screen.click(setUp.reload);
  expect(screen.field(partName.subject).value).toBe("theirs");
});

it("analysts read it, and change nothing", async () => {
  await show("analyst");
  expect(screen.page.textContent).toContain(words.readOnly);
  expect((screen.field(partName.subject) as HTMLInputElement).readOnly).toBe(true);
  const buttons = screen.buttons();
  for (const name of [words.save, words.toShipped, words.restoreNamed(1), words.insert("count")])
    expect(buttons).not.toContain(name);
});

it("has the parts that there are for its name, and says which variables webhooks alone have", async () => {
  const parts = () => [...screen.page.querySelectorAll("textarea")].map(({ name }) => name);
  await showNew("mention");
  expect(parts()).toEqual(["subject", "text", "sms"]);
  await showNew("digest");
  expect(parts()).toEqual(["subject", "text", "html", "sms", "push"]);
  expect(screen.page.textContent).not.toContain(words.webhookOnly);
  await showNew("alert");
  expect(parts()).toEqual(["subject", "text", "html", "sms", "push", "webhook"]);
  expect(screen.text("section[aria-labelledby=variables]")).toContain(words.webhookOnly);
  await screen.fill(partName.webhook, '{"id": {{ alert_id }}}');
  await screen.click(words.save);
  expect(sent.map(({ body }) => body)).toEqual([
    { name: "alert", locale: "en", webhook: '{"id": {{ alert_id }}}' },
  ]);
});
