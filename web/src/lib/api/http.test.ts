import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api } from "./http";
import { ApiError } from "./problem";
import { clearSession, readSession, writeSession } from "./session";

const tokens = (name: string, expires_in = 900) => ({
  access_token: `access-${name}`,
  refresh_token: `refresh-${name}`,
  token_type: "Bearer",
  expires_in,
});
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

/** What the server answers, by path and token; every call is noted. */
let calls: string[];
let answer: (path: string, token: string | null) => Response;

beforeEach(() => {
  calls = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const token = new Headers(init.headers).get("authorization");
    calls.push(`${init.method} ${path} ${token ?? ""}`.trim());
    return answer(path, token);
  });
});

afterEach(() => {
  clearSession();
  vi.unstubAllGlobals();
});

describe("a request", () => {
  it("carries the token and gives the body back", async () => {
    writeSession(tokens("a"));
    answer = () => json({ total: 3 });
    expect(await api("/api/items")).toEqual({ total: 3 });
    expect(calls).toEqual(["GET /api/items Bearer access-a"]);
  });

  it("renews a refused token once, for all requests of the moment together", async () => {
    writeSession(tokens("a"));
    answer = (path, token) => {
      if (path === "/api/auth/refresh") return json(tokens("b"));
      return token === "Bearer access-b" ? json("ok") : json({}, 401);
    };
    expect(await Promise.all([api("/api/a"), api("/api/b"), api("/api/c")])).toEqual(["ok", "ok", "ok"]);
    expect(calls.filter((call) => call.includes("refresh"))).toHaveLength(1);
    expect(readSession()?.refresh).toBe("refresh-b");
  });

  it("does not renew a second time when the new token is refused too", async () => {
    writeSession(tokens("a"));
    answer = (path) => (path === "/api/auth/refresh" ? json(tokens("b")) : json({ detail: "no" }, 401));
    await expect(api("/api/a")).rejects.toMatchObject({ status: 401, message: "no" });
    expect(calls).toHaveLength(3);
  });

  it("renews a token before it ends", async () => {
    writeSession(tokens("a", 10));
    answer = (path) => json(path === "/api/auth/refresh" ? tokens("b") : "ok");
    await api("/api/a");
    expect(calls).toEqual(["POST /api/auth/refresh", "GET /api/a Bearer access-b"]);
  });

  it("ends the session when the refresh token is refused, but not when the server is away", async () => {
    writeSession(tokens("a", 10));
    answer = () => json({}, 503);
    await expect(api("/api/a")).rejects.toBeInstanceOf(ApiError);
    expect(readSession()).not.toBeNull();
    answer = () => json({}, 401);
    await expect(api("/api/a")).rejects.toBeInstanceOf(ApiError);
    expect(readSession()).toBeNull();
  });

  it("tells a problem in the server's words", async () => {
    writeSession(tokens("a"));
    answer = () =>
      json({ title: "Unprocessable", detail: "bbox is west,south,east,north", status: 422 }, 422);
    await expect(api("/api/items")).rejects.toMatchObject({
      status: 422,
      message: "bbox is west,south,east,north",
    });
  });
});
