// Changes that are not saved yet, kept in this tab's storage, so that a reload does not lose them.

const PREFIX = "crisislens.draft.";

/** What was kept under `name` for this person; null where there is nothing, or it is somebody else's. */
export function readDraft<Draft>(name: string, user: string): Draft | null {
  try {
    const kept = JSON.parse(window.sessionStorage.getItem(PREFIX + name) ?? "null") as {
      user: string;
      draft: Draft;
    } | null;
    return kept?.user === user ? kept.draft : null;
  } catch {
    return null;
  }
}

/** Keeps it; null forgets it. */
export function writeDraft<Draft>(name: string, user: string, draft: Draft | null): void {
  try {
    if (draft === null) window.sessionStorage.removeItem(PREFIX + name);
    else window.sessionStorage.setItem(PREFIX + name, JSON.stringify({ user, draft }));
  } catch {
    // A full or forbidden storage: the draft lives as long as the page.
  }
}

/** For who signs out. */
export function forgetDrafts(): void {
  for (const name of Object.keys(window.sessionStorage))
    if (name.startsWith(PREFIX)) window.sessionStorage.removeItem(name);
}
