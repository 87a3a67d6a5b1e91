"use client";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { CrisisClient } from "../client.ts";
import { LockKeeper } from "../lock-keeper.ts";
import type { LockState } from "../lock-state.ts";

type Acts =
  | "take"
  | "release"
  | "ask"
  | "withdraw"
  | "refuse"
  | "handOver"
  | "force"
  | "touch"
  | "write"
  | "letGo";

export interface ItemLock extends LockState, Pick<LockKeeper, Acts> {
  /** For what is told once, such as `lost` and `retaken`. */
  on: LockKeeper["on"];
}

/** The lock of a resource (`item:…`) over a connection that is there; given back when the component goes. */
export function useEditLock(client: CrisisClient, resource: string | null): ItemLock {
  const keeper = useMemo(() => new LockKeeper(client, resource ?? ""), [client, resource]);
  const state = useSyncExternalStore(keeper.onState, keeper.getState, keeper.getState);
  useEffect(() => {
    if (resource === null) return;
    keeper.start();
    return () => keeper.close();
  }, [keeper, resource]);
  return useMemo(() => ({ ...actsOf(keeper), ...state }), [keeper, state]);
}

function actsOf(keeper: LockKeeper): Pick<LockKeeper, Acts | "on"> {
  const { take, release, ask, withdraw, refuse, handOver, force, touch, write, letGo, on } = keeper;
  return { take, release, ask, withdraw, refuse, handOver, force, touch, write, letGo, on };
}
