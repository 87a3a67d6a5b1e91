// What a message's payload says, whatever it holds: a payload is data.
import type { PushFace } from "@/components/domain/push-message";
import type { OutboxMessage } from "@/lib/api/notification-types";
import { SEVERITIES } from "@/lib/api/types";
import { type Encoding, type Segments, segmentsOf } from "@/lib/segments";

/** A short message's segments, in the encoding that the server names. */
export function shortMessage({ text, payload }: OutboxMessage): Segments {
  const encoding = payload?.encoding;
  return segmentsOf(text, isEncoding(encoding) ? encoding : undefined);
}

function isEncoding(word: unknown): word is Encoding {
  return word === "GSM-7" || word === "UCS-2";
}

/** What a push message shows. */
export function pushFace({ subject, text, payload }: OutboxMessage): PushFace {
  return {
    title: textOf(payload?.title) ?? subject,
    body: textOf(payload?.body) ?? text,
    link: textOf(payload?.link) ?? "",
    severity: SEVERITIES.find((severity) => severity === payload?.severity) ?? null,
  };
}

/** The address that a mail program shows its button to unsubscribe for. */
export function unsubscribeLink({ payload }: OutboxMessage): string | null {
  return textOf(payload?.list_unsubscribe);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** JSON as people read it. */
export const laidOut = (value: unknown): string => JSON.stringify(value, null, 2);
