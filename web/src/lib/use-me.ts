"use client";
import { useQuery } from "@tanstack/react-query";
import { api } from "./api/http";
import { keys } from "./api/keys";
import type { User } from "./api/types";

/** Who is signed in. */
export function useMe() {
  return useQuery({
    queryKey: keys.me,
    queryFn: ({ signal }) => api<User>("/api/auth/me", { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
