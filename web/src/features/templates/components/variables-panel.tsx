"use client";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Badge } from "@/components/ui/badge";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failed } from "@/components/ui/states";
import type { TemplateName, Variable } from "@/lib/api/template-types";
import { templates as words } from "@/messages/templates";
import { variablesQuery } from "../api/templates";

/** What a template can say: each variable with its meaning and an example. */
export function VariablesPanel({
  name,
  onInsert,
}: {
  name: TemplateName;
  /** Null for who only reads. */
  onInsert: ((variable: string) => void) | null;
}) {
  const query = useQuery(variablesQuery());
  const variables = query.data?.find((one) => one.name === name)?.variables ?? [];
  return (
    <Panel id="variables" title={words.variables} note={onInsert && words.variablesHint}>
      {query.isPending && <SkeletonRows rows={6} rowClass="h-10" />}
      {query.isError && !query.data && <Failed error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && (
        <table className="w-full text-xs max-sm:block">
          <caption className="sr-only">{words.variables}</caption>
          <thead className="text-left text-ink-2 max-sm:sr-only">
            <tr>
              <th scope="col" className="px-4 pt-2.5 pb-1 font-medium">
                {words.variable}
              </th>
              <th scope="col" className="px-4 pt-2.5 pb-1 font-medium">
                {words.meaning}
              </th>
            </tr>
          </thead>
          {/* On a phone each meaning is below its name. */}
          <tbody className="max-sm:block">
            {variables.map((variable) => (
              <Row key={variable.name} variable={variable} onInsert={onInsert} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Row({
  variable: { name, meaning, example, html_only, webhook_only },
  onInsert,
}: {
  variable: Variable;
  onInsert: ((variable: string) => void) | null;
}) {
  return (
    <tr className="border-line border-t align-top max-sm:block max-sm:px-4 max-sm:py-2">
      <th
        scope="row"
        className="w-px whitespace-nowrap px-4 py-2 text-left font-normal max-sm:block max-sm:w-auto max-sm:p-0"
      >
        {onInsert ? (
          <button
            type="button"
            aria-label={words.insert(name)}
            className="min-h-6 rounded font-mono text-accent hover:underline"
            onClick={() => onInsert(name)}
          >
            {name}
          </button>
        ) : (
          <span className="font-mono">{name}</span>
        )}
      </th>
      <td className="break-words px-4 py-2 max-sm:block max-sm:p-0">
        <p className="flex flex-wrap items-center gap-x-2">
          <span>{withCode(meaning)}</span>
          {html_only && <Badge>{words.htmlOnly}</Badge>}
          {webhook_only && <Badge>{words.webhookOnly}</Badge>}
        </p>
        {example && (
          <p className="line-clamp-2 break-words text-ink-3">
            <span className="sr-only">{words.example}: </span>
            {example}
          </p>
        )}
      </td>
    </tr>
  );
}

/** What stands between backticks is code. */
function withCode(text: string): ReactNode[] {
  return text.split("`").map((piece, at) =>
    at % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: a piece is its place
      <code key={at} className="font-mono">
        {piece}
      </code>
    ) : (
      piece
    ),
  );
}
