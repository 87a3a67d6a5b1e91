type Value = string | number | boolean | readonly string[] | null | undefined;

/** `?a=1&b=x,y` of what is set, in a stable order; empty when nothing is. */
export function queryString(params: Record<string, Value>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const text = Array.isArray(value) ? value.join(",") : value;
    if (text !== null && text !== undefined && text !== "") search.set(name, String(text));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}
