import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api, type Request } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import { ApiError } from "@/lib/api/problem";
import type { Alert, Page, Role, User } from "@/lib/api/types";
import { TestScreen } from "@/lib/test-screen";
import { alerts as words } from "@/messages/alerts";
import { en } from "@/messages/en";
import { AlertActions } from "./alert-actions";

vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

const alert = {
  id: "a",
  revision: 2,
  type: "update",
  status: "actual",
  severity: "high",
  title: "Flood",
  message: "Rising",
  area: "Valencia",
} as Alert;

let screen: TestScreen;
let posted: [string, unknown][];
let refusal: ApiError | null;

beforeEach(() => {
  posted = [];
  refusal = null;
  vi.mocked(api).mockImplementation(async (path: string, { body }: Request = {}) => {
    posted.push([path, body]);
    if (refusal) throw refusal;
    return { ...alert, revision: 3, type: "cancel" };
  });
  screen = new TestScreen();
  screen.cache.setQueryData<Page<Alert>>(keys.alerts, { items: [alert], total: 1, next: null });
});

afterEach(() => screen.close());

const show = (role: Role, more: Partial<Alert> = {}) =>
  screen.show(
    <AlertActions alert={{ ...alert, ...more }} me={{ id: "u", role } as User} acknowledged={[]} />,
  );

it("offers what the role may do, and nothing about what was withdrawn", async () => {
  await show("viewer");
  expect(screen.buttons()).toEqual([words.acknowledge]);
  await show("approver");
  expect(screen.buttons()).toEqual([words.approve, words.acknowledge, words.correct, words.withdraw]);
  await show("admin", { approved_by: "Ada" });
  expect(screen.buttons()).toEqual([words.acknowledge, words.correct, words.withdraw]);
  await show("admin", { type: "cancel" });
  expect(screen.buttons()).toEqual([]);
});

it("withdraws for a reason only; the list has the new revision at once", async () => {
  await show("approver");
  await screen.click(words.withdraw);
  expect(screen.button(words.withdraw, screen.dialog()).disabled).toBe(true);
  await screen.fill(en.reason, " a drill ");
  await screen.click(words.withdraw, screen.dialog());
  expect(posted).toEqual([["/api/alerts/a/cancel", { reason: "a drill" }]]);
  expect(screen.dialog()).toBeNull();
  expect(screen.cache.getQueryData<Page<Alert>>(keys.alerts)?.items[0]?.revision).toBe(3);
});

it("corrects what was changed, and says what the server says at its field", async () => {
  await show("approver");
  await screen.click(words.correct);
  await screen.fill(en.reason, "The gauge was wrong.");
  await screen.fill(en.item.severity, "low");
  refusal = new ApiError(422, { errors: [{ field: "reason", problem: "has 1 to 4000 characters" }] });
  await screen.click(words.correct, screen.dialog());
  expect(document.getElementById(`${screen.field(en.reason).id}-problem`)?.textContent).toContain("4000");
  refusal = new ApiError(409, { detail: "it was withdrawn" });
  await screen.click(words.correct, screen.dialog());
  expect(screen.text("dialog [role=alert]")).toContain("it was withdrawn");
  refusal = null;
  await screen.click(words.correct, screen.dialog());
  const body = { reason: "The gauge was wrong.", severity: "low" };
  expect(posted).toEqual(Array(3).fill(["/api/alerts/a/correct", body]));
  expect(screen.dialog()).toBeNull();
});

it("approves when asked twice, without a body", async () => {
  await show("approver");
  await screen.click(words.approve);
  expect(posted).toEqual([]);
  await screen.click(words.approve, screen.dialog());
  expect(posted).toEqual([["/api/alerts/a/approve", undefined]]);
});
