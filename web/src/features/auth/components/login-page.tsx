"use client";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import { ExerciseBanner } from "@/components/domain/exercise-banner";
import { Logo } from "@/components/ui/logo";
import { DASHBOARD } from "@/lib/use-filter";
import { useSession } from "@/lib/use-session";
import { en } from "@/messages/en";
import { LoginForm } from "./login-form";

/** Only a path of this site is followed after sign-in. */
function nextPath(): string {
  const next = new URLSearchParams(window.location.search).get("next") ?? DASHBOARD;
  return /^\/(?!\/|\\)/.test(next) ? next : DASHBOARD;
}

export function LoginPage() {
  const session = useSession();
  const router = useRouter();
  const [mode, setMode] = useState<"login" | "register">("login");
  useEffect(() => {
    if (session === "in") router.replace(nextPath());
  }, [session, router]);
  return (
    <div className="flex min-h-dvh flex-col">
      <ExerciseBanner />
      <main className="mx-auto flex w-full max-w-sm flex-1 flex-col justify-center px-4 py-10">
        <div className="mb-6 flex items-center gap-3">
          <Logo className="size-10" />
          <div>
            <p className="font-semibold text-lg leading-6">{en.app}</p>
            <p className="text-ink-3 text-xs">{en.tagline}</p>
          </div>
        </div>
        <div className="rounded-xl border border-line bg-panel p-5 shadow-panel">
          <h1 className="mb-4 font-semibold text-base">
            {mode === "login" ? en.login.title : en.login.registerTitle}
          </h1>
          <LoginForm key={mode} mode={mode} />
        </div>
        <button
          type="button"
          className="mt-4 self-center rounded px-2 py-1 text-accent text-xs hover:underline"
          onClick={() => setMode(mode === "login" ? "register" : "login")}
        >
          {mode === "login" ? en.login.toRegister : en.login.toLogin}
        </button>
      </main>
    </div>
  );
}
