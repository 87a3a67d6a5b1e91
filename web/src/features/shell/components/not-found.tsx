import Link from "next/link";
import { buttonClass } from "@/components/ui/button";
import { Logo } from "@/components/ui/logo";
import { en } from "@/messages/en";

export function NotFound() {
  return (
    <main className="flex min-h-dvh flex-col items-center justify-center gap-2 p-6 text-center">
      <Logo className="mb-2 size-10" />
      <h1 className="font-semibold text-lg">{en.errors.notFound}</h1>
      <p className="text-ink-3">{en.errors.notFoundText}</p>
      <Link href="/dashboard" className={buttonClass("plain", "normal", "mt-4")}>
        {en.errors.toDashboard}
      </Link>
    </main>
  );
}
