// This browser's own push messages: whether it can have them, and its subscription with its push service.

import type { WebPushTarget } from "@/lib/api/notification-types";
import { fromBase64Url, toBase64Url } from "@/lib/base64";
import { prefs } from "@/messages/notify";

const WORKER = "/sw.js";

export type PushState = "possible" | "insecure" | "unsupported" | "denied";

export interface PushHere {
  state: PushState;
  /** Of its subscription, if it has one. */
  endpoint: string | null;
}

/** What a browser has to have; a part of `window`. */
export interface PushScope {
  isSecureContext: boolean;
  navigator: object;
  PushManager?: unknown;
  Notification?: { permission: NotificationPermission };
}

export function pushState(scope: PushScope): PushState {
  if (!scope.isSecureContext) return "insecure";
  if (!scope.PushManager || !scope.Notification || !("serviceWorker" in scope.navigator))
    return "unsupported";
  return scope.Notification.permission === "denied" ? "denied" : "possible";
}

export async function pushHere(): Promise<PushHere> {
  const state = pushState(window);
  const able = state === "possible" || state === "denied";
  return { state, endpoint: able ? ((await subscription())?.endpoint ?? null) : null };
}

async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** Asks the browser's push service for a subscription; one that another server's key was used for is given up. */
export async function subscribe(key: string): Promise<WebPushTarget> {
  await navigator.serviceWorker.register(WORKER);
  const { pushManager } = await navigator.serviceWorker.ready;
  const before = await pushManager.getSubscription();
  if (before && keyOf(before) !== key) await before.unsubscribe();
  const options = { userVisibleOnly: true, applicationServerKey: fromBase64Url(key) };
  return targetOf((await pushManager.subscribe(options)).toJSON());
}

/** Ends it, if it is the one of `endpoint`. */
export async function unsubscribe(endpoint: string): Promise<void> {
  if (pushState(window) === "unsupported" || pushState(window) === "insecure") return;
  const there = await subscription();
  if (there?.endpoint === endpoint) await there.unsubscribe();
}

function keyOf({ options }: PushSubscription): string | null {
  const key = options.applicationServerKey;
  return key ? toBase64Url(new Uint8Array(key)) : null;
}

export function targetOf({ endpoint, keys }: PushSubscriptionJSON): WebPushTarget {
  if (!endpoint || !keys?.p256dh || !keys.auth) throw new Error(prefs.pushNoKeys);
  return { kind: "web_push", endpoint, p256dh: keys.p256dh, auth: keys.auth };
}

const BROWSERS: [RegExp, string][] = [
  [/Edg/, "Edge"],
  [/OPR|Opera/, "Opera"],
  [/Firefox|FxiOS/, "Firefox"],
  [/Chrome|CriOS/, "Chrome"],
  [/Safari/, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

/** How a person knows this browser again, from what it says of itself. */
export function browserLabel(userAgent: string): string {
  const named = (names: [RegExp, string][]) => names.find(([sign]) => sign.test(userAgent))?.[1];
  return prefs.browserLabel(named(BROWSERS) ?? prefs.browser, named(SYSTEMS) ?? "");
}
