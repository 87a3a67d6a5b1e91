"use client";
import { useQueryClient } from "@tanstack/react-query";
import { usePathname, useRouter } from "next/navigation";
import { type ReactNode, useEffect, useState } from "react";
import { ExerciseBanner } from "@/components/domain/exercise-banner";
import { RealtimeProvider, useRoom } from "@/lib/realtime/provider";
import { DASHBOARD } from "@/lib/use-filter";
import { useHotkeys } from "@/lib/use-hotkeys";
import { useMe } from "@/lib/use-me";
import { useSession } from "@/lib/use-session";
import { en } from "@/messages/en";
import { AlertToasts } from "./alert-toasts";
import { Header, HeaderOutline } from "./header";
import { KeysHelp } from "./keys-help";
import { SEARCH_ID } from "./search-box";

/** What surrounds every page of a signed-in person. */
export function Desk({ children }: { children: ReactNode }) {
  const session = useSession();
  const router = useRouter();
  const path = usePathname();
  const cache = useQueryClient();
  useEffect(() => {
    if (session !== "out") return;
    cache.clear();
    const next = path === DASHBOARD ? "" : `?next=${encodeURIComponent(path + window.location.search)}`;
    router.replace(`/login${next}`);
  }, [session, router, path, cache]);
  if (session !== "in") return <HeaderOutline />;
  return (
    <RealtimeProvider>
      <SignedIn>{children}</SignedIn>
    </RealtimeProvider>
  );
}

function SignedIn({ children }: { children: ReactNode }) {
  const [help, setHelp] = useState(false);
  const router = useRouter();
  const me = useMe();
  useRoom(me.data ? `user:${me.data.id}` : null);
  useHotkeys({
    "?": () => setHelp(true),
    "g d": () => router.push(DASHBOARD),
    "/": (event) => {
      event.preventDefault();
      const box = document.getElementById(SEARCH_ID);
      if (box instanceof HTMLInputElement) box.select();
      box?.focus();
    },
  });
  return (
    <div className="flex min-h-dvh flex-col lg:h-dvh">
      <a
        href="#content"
        className="absolute top-2 left-2 z-50 -translate-y-20 rounded-md bg-accent px-3 py-2 font-medium text-on-accent focus:translate-y-0"
      >
        {en.skip}
      </a>
      <ExerciseBanner />
      <Header onHelp={() => setHelp(true)} />
      <main
        id="content"
        tabIndex={-1}
        className="flex min-w-0 flex-1 flex-col outline-none lg:min-h-0 lg:overflow-y-auto"
      >
        {children}
      </main>
      <AlertToasts />
      <KeysHelp open={help} onClose={() => setHelp(false)} />
    </div>
  );
}
