import { queryOptions } from "@tanstack/react-query";
import { api } from "./http";
import { keys } from "./keys";
import type { Page, Timestamp } from "./types";

/** A thing that people set up, as the server keeps it. */
export type Kept<T> = T & {
  id: string;
  /** Rises with each change; a change says which one it was made from. */
  version: number;
  changed_at: Timestamp;
  /** What it changes that is easily overlooked; only in the answer to who made it. */
  warning?: string;
};

/** How things of one kind are listed, made, replaced and deleted: every kind in the same way. */
export function keptAt<T extends object>(path: string) {
  const key = keys.kept(path);
  const one = (id: string) => `${path}/${encodeURIComponent(id)}`;
  return {
    path,
    key,
    all: () => queryOptions({ queryKey: key, queryFn: ({ signal }) => api<Page<Kept<T>>>(path, { signal }) }),
    /** Sent again with the same `once`, it is made once. */
    make: (body: T, once: string) =>
      api<Kept<T>>(path, { method: "POST", body, headers: { "idempotency-key": once } }),
    /** Only where it is still as it was read. */
    replace: ({ id, version }: Kept<T>, body: T) =>
      api<Kept<T>>(one(id), { method: "PUT", body, headers: { "if-match": `"${version}"` } }),
    remove: (id: string) => api<void>(one(id), { method: "DELETE" }),
  };
}

export type KeptApi<T extends object> = ReturnType<typeof keptAt<T>>;
