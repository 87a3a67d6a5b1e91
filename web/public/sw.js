// Shows push messages also while no page of the app is open. It keeps nothing and answers no requests.

self.addEventListener("push", (event) => {
  const { title, body, link, tag } = messageOf(event.data);
  // A message with the tag of one that is still shown takes its place.
  const shown = self.registration.showNotification(title, { body, tag, icon: "/icon.svg", data: { link } });
  event.waitUntil(shown);
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(new URL(event.notification.data?.link ?? "/inbox", self.location.origin)));
});

/** What was sent; a browser must show something for each message, whatever came. */
function messageOf(data) {
  try {
    return { title: "CrisisLens", body: "", ...data.json() };
  } catch {
    return { title: "CrisisLens", body: data?.text() ?? "" };
  }
}

/** In a window of the app where there is one, else in a new one. */
async function open(url) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const ours = url.origin === self.location.origin ? windows[0] : undefined;
  if (!ours) return self.clients.openWindow(url.href);
  const there = await ours.navigate(url.href).catch(() => null);
  return there ? there.focus() : self.clients.openWindow(url.href);
}
