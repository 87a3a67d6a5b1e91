import type { ReactNode } from "react";
import { HazardLabel } from "@/components/domain/hazard-icon";
import { SeverityMark } from "@/components/domain/severity-mark";
import type { Item } from "@/lib/api/types";
import { en } from "@/messages/en";

export function share(value: number): string {
  return `${Math.round(value * 100)} %`;
}

/** What we make of it, and the words that decided it. */
export function Judgement({ item }: { item: Item }) {
  return (
    <dl className="flex flex-col gap-4 text-[13px]">
      <Row name={en.item.severity} value={<SeverityMark severity={item.severity} />}>
        {item.severity_why && <p className="text-ink-2">{item.severity_why}</p>}
      </Row>
      <Row
        name={en.item.hazard}
        value={
          <>
            <HazardLabel hazard={item.hazard.type} className="font-medium" />
            <span className="tabular text-ink-3 text-xs">
              {en.item.confidence(share(item.hazard.confidence))}
            </span>
          </>
        }
      >
        <Reasons why={item.hazard.why} />
      </Row>
    </dl>
  );
}

function Row({ name, value, children }: { name: string; value: ReactNode; children: ReactNode }) {
  return (
    <div className="grid gap-x-4 gap-y-1 sm:grid-cols-[6rem_1fr]">
      <dt className="text-ink-3 text-xs leading-5">{name}</dt>
      <dd className="flex min-w-0 flex-col gap-1.5">
        <div className="flex flex-wrap items-center gap-x-3">{value}</div>
        {children}
      </dd>
    </div>
  );
}

/** The words or statements that decided something. */
export function Reasons({ why }: { why: string[] }) {
  if (why.length === 0) return null;
  return (
    <ul aria-label={en.item.why} className="flex flex-wrap gap-1.5">
      {[...new Set(why)].map((reason) => (
        <li
          key={reason}
          dir="auto"
          className="max-w-full break-words rounded bg-raised px-1.5 py-0.5 text-ink-2 text-xs"
        >
          {reason}
        </li>
      ))}
    </ul>
  );
}
