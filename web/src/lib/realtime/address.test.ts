import { expect, it, vi } from "vitest";
import { socketAddress } from "./address";

vi.mock("@/lib/api/http", () => ({ api: async () => ({ ticket: "t 1", expires_in: 30 }) }));

it("carries the ticket and, when there is one, the position from which to resume", async () => {
  expect(new URL(await socketAddress(null)).search).toBe("?ticket=t+1");
  expect(new URL(await socketAddress("p+1")).searchParams.get("position")).toBe("p+1");
});
