import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import type { ProviderHealth } from "@/lib/api/notification-types";
import type { Role } from "@/lib/api/types";
import { TestScreen } from "@/lib/test-screen";
import { dateTime } from "@/lib/time";
import { en } from "@/messages/en";
import { outbox } from "@/messages/notify";
import { needs } from "@/messages/roles";
import { OutboxPage } from "./outbox-page";

vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.mock("next/navigation", () => ({ useSearchParams: () => new URLSearchParams() }));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

let screen: TestScreen;
let asked: string[];
let providers: ProviderHealth[];

beforeEach(() => {
  [asked, providers] = [[], []];
  vi.mocked(api).mockImplementation(async (path: string) => {
    asked.push(path);
    if (path === "/api/notifications/providers") return { items: providers, open_deliveries: 0 };
    return { items: [], total: 0, next: null };
  });
  screen = new TestScreen();
});
afterEach(() => screen.close());

async function show(role: Role) {
  screen.cache.setQueryData(keys.me, { id: "u", role });
  await screen.show(<OutboxPage />);
}

it("who may not see it reads which role may, and nothing is asked for", async () => {
  await show("viewer");
  expect(screen.page.textContent).toContain(needs.title("analyst"));
  expect(screen.page.textContent).toContain(needs.text("viewer", "analyst"));
  expect(screen.buttons()).not.toContain(en.retry);
  expect(asked).toEqual([]);
});

it("without a provider every message ends here", async () => {
  await show("analyst");
  expect(screen.page.textContent).toContain(outbox.noneSent);
  for (const channel of ["email", "sms", "push", "webhook"])
    expect(screen.text(`[data-carried=${channel}]`)).toContain(outbox.endsHere);
});

it("says which channels send, by whom, and which of them rests", async () => {
  const rests_until = "2999-01-01T00:00:00Z";
  providers = [
    { channel: "email", provider: "smtp", rests_until, why: "connection refused" },
    { channel: "email", provider: "sendgrid" },
  ];
  await show("analyst");
  expect(screen.page.textContent).toContain(outbox.someSent);
  const email = screen.text("[data-carried=email]");
  for (const part of ["smtp", "sendgrid"]) expect(email).toContain(outbox.sentBy(part));
  expect(email).toContain(outbox.rests(dateTime(rests_until), "connection refused"));
  expect(email).not.toContain(outbox.endsHere);
  expect(screen.text("[data-carried=sms]")).toContain(outbox.endsHere);
});
