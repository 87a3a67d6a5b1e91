// Values of records for people: JSON is laid out, text is shown as it is, anything else in base64.
import type { DeadRecord, ShownValue } from "@/lib/api/log-types";

export type Readable =
  | { kind: "none" }
  | { kind: "text"; text: string }
  | { kind: "binary"; bytes: number; base64: string };

export function readable(value: ShownValue): Readable {
  if (value.value !== undefined) return { kind: "text", text: JSON.stringify(value.value, null, 2) };
  if (value.value_base64 === undefined) return { kind: "none" };
  const bytes = fromBase64(value.value_base64);
  try {
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { kind: "binary", bytes: bytes.length, base64: value.value_base64 };
  }
}

/** What stands in the editor: the value letter by letter; null where it is not text. A record without one begins empty. */
export function editable(record: DeadRecord): string | null {
  if (record.value_text !== undefined) return record.value_text;
  return record.value_base64 === undefined ? "" : null;
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The UTF-8 bytes of `text` in base64. */
export function toBase64(text: string): string {
  let letters = "";
  for (const byte of new TextEncoder().encode(text)) letters += String.fromCharCode(byte);
  return btoa(letters);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
