import { forgetDrafts } from "../drafts";
import { api } from "./http";
import { clearSession, readSession } from "./session";

/** Ends the session here at once, and on the server if it can be reached. */
export async function signOut(): Promise<void> {
  const refresh = readSession()?.refresh;
  const ended = refresh
    ? api<void>("/api/auth/logout", { method: "POST", body: { refresh_token: refresh } }).catch(
        () => undefined,
      )
    : Promise.resolve();
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 2_000))]);
  forgetDrafts();
  clearSession();
}
