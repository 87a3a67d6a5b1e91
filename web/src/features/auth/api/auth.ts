import { api } from "@/lib/api/http";
import { writeSession } from "@/lib/api/session";
import type { Tokens, User } from "@/lib/api/types";

export interface Credentials {
  email: string;
  password: string;
}

export async function signIn(body: Credentials): Promise<void> {
  writeSession(await api<Tokens>("/api/auth/login", { method: "POST", body, auth: false }));
}

export async function register(body: Credentials & { name: string }): Promise<void> {
  await api<User>("/api/auth/register", { method: "POST", body, auth: false });
  await signIn({ email: body.email, password: body.password });
}
