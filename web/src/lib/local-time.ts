// Instants as a field for date and time has them: in the person's zone, to the minute.

const two = (value: number) => String(value).padStart(2, "0");

/** `2026-03-02T11:30` of an instant. */
export function localOf(timestamp: string | number): string {
  const at = new Date(timestamp);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The instant of what was typed; `before` where that is the same minute, so that what nobody touched keeps its seconds. */
export function instantOf(local: string, before?: string): string {
  if (before && localOf(before) === local) return before;
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString();
}
