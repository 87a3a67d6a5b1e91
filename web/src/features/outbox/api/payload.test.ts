import { expect, it } from "vitest";
import type { OutboxMessage } from "@/lib/api/notification-types";
import { framed } from "@/lib/mail-frame";
import { channelCounts } from "./outbox";
import { pushFace, shortMessage, unsubscribeLink } from "./payload";

const message = (more: Partial<OutboxMessage>): OutboxMessage => ({
  id: "m",
  channel: "push",
  to: "somebody",
  subject: "Flood",
  text: "Water is rising",
  at: "2026-01-01T00:00:00Z",
  exercise: false,
  notification_id: "n",
  ...more,
});

it("a push message shows what its payload says, and without one what the message says", () => {
  const payload = { title: "T", body: "B", link: "/alerts?id=1", tag: "t", severity: "high" };
  expect(pushFace(message({ payload }))).toEqual({
    title: "T",
    body: "B",
    link: "/alerts?id=1",
    severity: "high",
  });
  const bare = { title: "Flood", body: "Water is rising", link: "", severity: null };
  expect(pushFace(message({ payload: { title: 7, severity: "awful" } }))).toEqual(bare);
  expect(pushFace(message({ payload: null }))).toEqual(bare);
});

it("takes the server's word for a short message's encoding", () => {
  expect(shortMessage(message({ payload: { encoding: "UCS-2" } })).encoding).toBe("UCS-2");
  expect(shortMessage(message({ payload: { encoding: "morse" } })).encoding).toBe("GSM-7");
});

it("a mail's frame fetches nothing", () => {
  const html = framed(
    '<!doctype html>\n<html lang="en"><body><img src="https://a.example/x.png"></body></html>',
  );
  expect(html.match(/<!doctype/gi)).toHaveLength(1);
  const policy = new DOMParser()
    .parseFromString(html, "text/html")
    .querySelector("meta")
    ?.getAttribute("content");
  expect(policy).toBe("default-src 'none'; style-src 'unsafe-inline'");
  expect(unsubscribeLink(message({ payload: { list_unsubscribe: "https://a.example/u" } }))).toBe(
    "https://a.example/u",
  );
  expect(unsubscribeLink(message({}))).toBeNull();
});

it("counts messages by channel, in the channels' order", () => {
  const all = [message({}), message({ channel: "email" }), message({})];
  expect(channelCounts(all)).toEqual([
    ["email", 1],
    ["push", 2],
  ]);
});
