import { expect, it } from "vitest";
import { fromBase64Url, toBase64, toBase64Url } from "@/lib/base64";
import { addressOf, channelOf, newSecret } from "./devices";
import { browserLabel, type PushScope, pushState, targetOf } from "./push";

it("keys go from base64url to bytes and back, padded or not", () => {
  // Every remainder of a length by three, and both letters that base64url has of its own.
  for (const bytes of [[], [0], [251, 255], [255, 239, 190], Array.from({ length: 65 }, (_, at) => at * 7)]) {
    const key = Uint8Array.from(bytes);
    expect(fromBase64Url(toBase64Url(key))).toEqual(key);
    expect(fromBase64Url(toBase64(key))).toEqual(key);
  }
  expect(toBase64Url(Uint8Array.from([251, 255]))).toBe("-_8");
  // The example key of RFC 8291, an uncompressed point.
  const key = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
  expect(fromBase64Url(key)).toHaveLength(65);
  expect(fromBase64Url(key)[0]).toBe(4);
  expect(toBase64Url(fromBase64Url(key))).toBe(key);
});

it("says what stands in the way of push messages", () => {
  const able: PushScope = {
    isSecureContext: true,
    navigator: { serviceWorker: {} },
    PushManager: class {},
    Notification: { permission: "default" },
  };
  expect(pushState(able)).toBe("possible");
  expect(pushState({ ...able, Notification: { permission: "denied" } })).toBe("denied");
  expect(pushState({ ...able, PushManager: undefined })).toBe("unsupported");
  expect(pushState({ ...able, Notification: undefined })).toBe("unsupported");
  expect(pushState({ ...able, navigator: {} })).toBe("unsupported");
  expect(pushState({ ...able, isSecureContext: false })).toBe("insecure");
});

it("a subscription becomes a device, if it has its keys", () => {
  const keys = { p256dh: "p", auth: "a" };
  expect(targetOf({ endpoint: "https://push.example/1", keys })).toEqual({
    kind: "web_push",
    endpoint: "https://push.example/1",
    ...keys,
  });
  expect(() => targetOf({ endpoint: "https://push.example/1", keys: { p256dh: "p" } })).toThrow();
});

it("a webhook's secret is 32 random bytes", () => {
  expect(newSecret()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(newSecret()).not.toBe(newSecret());
});

it("of a device people see what tells them something", () => {
  const push = { kind: "web_push", endpoint: "https://push.example/secret", p256dh: "", auth: "" } as const;
  expect([addressOf(push), channelOf(push)]).toEqual(["push.example", "push"]);
  expect(addressOf({ ...push, endpoint: "?" })).toBe("");
  expect(addressOf({ kind: "phone", number: "+34600123456" })).toBe("+34600123456");
  expect(channelOf({ kind: "webhook", url: "https://a.example", secrets: [] })).toBe("webhook");
});

it("knows a browser by what it says of itself", () => {
  const names = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
    "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15",
    "curl/8",
  ].map(browserLabel);
  expect(names).toEqual([
    "Chrome on Linux",
    "Edge on Windows",
    "Firefox on Android",
    "Safari on macOS",
    "Browser",
  ]);
});
