import type { ShownValue } from "@/lib/api/log-types";
import { log } from "@/messages/log";
import { readable } from "../api/value";

/** Letters shown of a value; more would hold the page up. */
const LONGEST = 100_000;

/** The value of a record. */
export function ValueText({ value }: { value: ShownValue }) {
  const shown = readable(value);
  if (shown.kind === "none") return <p className="text-ink-3 text-xs">{log.noValue}</p>;
  const text = shown.kind === "text" ? shown.text : shown.base64;
  return (
    <div className="flex flex-col gap-1">
      {shown.kind === "binary" && <p className="text-ink-3 text-xs">{log.binary(shown.bytes)}</p>}
      <section
        aria-label={log.value}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        className="max-h-96 overflow-auto rounded-md border border-line bg-panel p-3"
      >
        <pre className="whitespace-pre-wrap break-words text-xs leading-relaxed">
          {text.slice(0, LONGEST)}
        </pre>
      </section>
      {text.length > LONGEST && <p className="text-ink-3 text-xs">{log.cut(text.length)}</p>}
    </div>
  );
}
