"use client";
import { useSearchParams } from "next/navigation";

/** Which thing of a list the address bar names: `?id=`. */
export function useChosen(): string | null {
  return useSearchParams().get("id");
}
