"use client";
import { Broken } from "@/features/shell/components/broken";

export default function Page({ reset }: { reset: () => void }) {
  return <Broken onRetry={reset} />;
}
