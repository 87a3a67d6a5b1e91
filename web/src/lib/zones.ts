/** The zone that this browser is in. */
export function zoneHere(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** Zones to choose from, and `chosen` whatever it is, by the part of the world that their names begin with. */
export function zoneGroups(chosen: string): [string, string[]][] {
  const names = [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC", zoneHere(), chosen])].sort();
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const part = name.includes("/") ? (name.split("/")[0] ?? "") : "";
    groups.set(part, [...(groups.get(part) ?? []), name]);
  }
  return [...groups];
}
