import type { Metadata } from "next";
import { LoginPage } from "@/features/auth/components/login-page";
import { en } from "@/messages/en";

export const metadata: Metadata = { title: en.login.title };

export default function Page() {
  return <LoginPage />;
}
