import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";

type Listener = (event: object) => void;

/** The service worker in a world of its own. */
function worker(windows: { navigate: (url: string) => Promise<unknown> }[] = []) {
  const listeners: Record<string, Listener> = {};
  const shown: unknown[][] = [];
  const opened: string[] = [];
  const self = {
    location: { origin: "https://desk.example" },
    addEventListener: (name: string, listener: Listener) => {
      listeners[name] = listener;
    },
    registration: { showNotification: async (...what: unknown[]) => shown.push(what) },
    clients: {
      matchAll: async () => windows,
      openWindow: async (url: string) => opened.push(url),
    },
  };
  runInNewContext(readFileSync("public/sw.js", "utf8"), { self, URL });
  const tell = async (name: string, event: object) => {
    let done: Promise<unknown> = Promise.resolve();
    listeners[name]?.({ ...event, waitUntil: (until: Promise<unknown>) => (done = until) });
    await done;
  };
  const click = (link?: string) =>
    tell("notificationclick", { notification: { close: () => undefined, data: { link } } });
  return { listeners, shown, opened, tell, click };
}

it("shows what was pushed, one for each tag, and something whatever comes", async () => {
  const { shown, tell, listeners } = worker();
  const payload = { title: "Flood", body: "Rising", tag: "t", link: "/alerts?id=1", severity: "high" };
  await tell("push", { data: { json: () => payload, text: () => "" } });
  const broken = () => {
    throw new SyntaxError();
  };
  await tell("push", { data: { json: broken, text: () => "rubbish" } });
  await tell("push", { data: null });
  expect(shown).toMatchObject([
    ["Flood", { body: "Rising", tag: "t", data: { link: "/alerts?id=1" } }],
    ["CrisisLens", { body: "rubbish" }],
    ["CrisisLens", { body: "" }],
  ]);
  expect(Object.keys(listeners)).toEqual(["push", "notificationclick"]);
});

it("a click opens the link, in a window of the app where there is one", async () => {
  const gone: string[] = [];
  const navigate = async (url: string) => {
    gone.push(url);
    return { focus: async () => undefined };
  };
  const there = worker([{ navigate }]);
  await there.click("/alerts?id=1");
  await there.click();
  expect([gone, there.opened]).toEqual([
    ["https://desk.example/alerts?id=1", "https://desk.example/inbox"],
    [],
  ]);
  await there.click("https://other.example/a");
  expect(there.opened).toEqual(["https://other.example/a"]);
  const refuses = worker([{ navigate: () => Promise.reject(new TypeError("not controlled")) }]);
  await refuses.click("/alerts");
  const none = worker();
  await none.click("/alerts");
  expect([refuses.opened, none.opened]).toEqual([
    ["https://desk.example/alerts"],
    ["https://desk.example/alerts"],
  ]);
});
