import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { OutboxMessage } from "@/lib/api/notification-types";
import { TestScreen } from "@/lib/test-screen";
import { en } from "@/messages/en";
import { outbox } from "@/messages/notify";
import { MessageView } from "./message-view";

vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

const message = (more: Partial<OutboxMessage>): OutboxMessage => ({
  id: "m",
  channel: "email",
  to: "ada@desk.example",
  subject: "Flood",
  text: "Water is rising",
  at: "2026-01-01T00:00:00Z",
  exercise: true,
  notification_id: "n",
  ...more,
});

let screen: TestScreen;
beforeEach(() => {
  screen = new TestScreen();
});
afterEach(() => screen.close());

const tab = async (name: string) => {
  await screen.click(name);
  return screen.text("[role=tabpanel]");
};

it("a mail is shown in a frame that may do nothing, as text, and as its source", async () => {
  const html = "<!doctype html><p>Water</p><script>parent.stolen = 1</script>";
  await screen.show(
    <MessageView message={message({ html, payload: { list_unsubscribe: "https://a.example/u" } })} />,
  );
  const frame = screen.page.querySelector("iframe");
  expect(frame?.getAttribute("sandbox")).toBe("");
  expect(frame?.getAttribute("srcdoc")).toContain("<p>Water</p>");
  expect(frame?.title).toBe(outbox.mail("Flood"));
  expect(screen.page.textContent).toContain(en.outbox.exercise);
  expect(screen.page.textContent).toContain("https://a.example/u");
  expect(await tab(outbox.text)).toBe("Water is rising");
  expect(screen.page.querySelector("iframe")).toBeNull();
  expect(await tab(outbox.source)).toBe(html);
});

it("a short message is drawn in its segments", async () => {
  const text = "x".repeat(161);
  const payload = { encoding: "GSM-7", units: 161, segments: 2 };
  await screen.show(<MessageView message={message({ channel: "sms", subject: "", text, payload })} />);
  expect(screen.page.textContent).toContain(outbox.short(2, "GSM-7", 161));
  const segments = [...screen.page.querySelectorAll("[data-segment] p:first-child")];
  expect(segments.map(({ textContent }) => textContent?.length)).toEqual([153, 8]);
});

it("a push message is shown as it looks and as its payload, a webhook as its body", async () => {
  const payload = { title: "T", body: "B", link: "/alerts?id=1", severity: "high", tag: "t" };
  await screen.show(<MessageView message={message({ channel: "push", payload })} />);
  for (const text of ["T", "B", outbox.opens("/alerts?id=1"), "High"])
    expect(screen.text("[role=tabpanel]")).toContain(text);
  expect(JSON.parse((await tab(outbox.payload)) ?? "")).toEqual(payload);
  const body = { type: "alert", data: { subject: "Flood" } };
  await screen.show(<MessageView message={message({ channel: "webhook", payload: body })} />);
  expect(JSON.parse(screen.text(`[aria-label="${outbox.body}"]`) ?? "")).toEqual(body);
});
