import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api } from "@/lib/api/http";
import { keys } from "@/lib/api/keys";
import { ApiError } from "@/lib/api/problem";
import { TestScreen } from "@/lib/test-screen";
import { en } from "@/messages/en";
import { needs } from "@/messages/roles";
import { TemplatesPage } from "./templates-page";

vi.mock("@/lib/api/http", () => ({ api: vi.fn() }));
vi.mock("next/navigation", () => ({
  useSearchParams: () => new URLSearchParams(),
  useRouter: () => ({ push: vi.fn() }),
}));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

let screen: TestScreen;
beforeEach(() => {
  screen = new TestScreen();
});
afterEach(() => screen.close());

it("who may not see them reads which role may, and who can give it", async () => {
  screen.cache.setQueryData(keys.me, { id: "u", role: "viewer" });
  await screen.show(<TemplatesPage />);
  expect(screen.text("[data-not-for-you]")).toBe(needs.title("analyst") + needs.text("viewer", "analyst"));
  expect(api).not.toHaveBeenCalled();
});

it("where the server says no to a role, to try again is not offered", async () => {
  vi.mocked(api).mockRejectedValue(new ApiError(403, { title: "Forbidden" }));
  screen.cache.setQueryData(keys.me, { id: "u", role: "analyst" });
  await screen.show(<TemplatesPage />);
  expect(screen.text("[data-not-for-you]")).toContain(needs.refused);
  expect(screen.buttons()).not.toContain(en.retry);
});
