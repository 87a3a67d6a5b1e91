/** Text as it stands, letter by letter. A message is data, never part of this page. */
export function CodeView({ label, text }: { label: string; text: string }) {
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
      tabIndex={0}
      className="max-h-[28rem] overflow-auto rounded-md border border-line bg-raised p-3"
    >
      <pre className="whitespace-pre-wrap break-words font-mono text-xs leading-relaxed">{text}</pre>
    </section>
  );
}
