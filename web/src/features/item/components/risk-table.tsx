import { RiskMeter } from "@/components/domain/risk-meter";
import type { Item, RiskPart } from "@/lib/api/types";
import { en, riskName } from "@/messages/en";

/** The risk as the sum it is: each part's share, how much of it was found, and the reason. */
export function RiskTable({ item }: { item: Item }) {
  return (
    <table className="w-full border-collapse text-left text-[13px]">
      <thead className="text-2xs text-ink-3">
        <tr>
          <th scope="col" className="pb-1.5 font-medium">
            {en.item.riskPart}
          </th>
          <th scope="col" className="pb-1.5 font-medium">
            {en.item.riskContribution}
          </th>
          <th scope="col" className="pb-1.5 font-medium max-sm:hidden">
            {en.item.riskReason}
          </th>
        </tr>
      </thead>
      <tbody>
        {item.risk_parts.map((part) => (
          <PartRow key={part.name} part={part} />
        ))}
      </tbody>
      <tfoot>
        <tr className="border-line-strong border-t">
          <th scope="row" className="pt-2 font-semibold">
            {en.item.riskTotal}
          </th>
          <td colSpan={2} className="pt-2">
            <span className="inline-flex items-center gap-2">
              <RiskMeter score={item.risk_score} level={item.risk_level} />
              <span className="text-ink-2 text-xs">{riskName[item.risk_level]}</span>
            </span>
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

function PartRow({ part }: { part: RiskPart }) {
  return (
    <tr className="border-line border-t align-top">
      <th scope="row" className="w-32 py-2 pr-3 font-medium">
        {part.name.replaceAll("_", " ")}
        <span className="mt-0.5 block font-normal text-ink-3 text-xs sm:hidden">{part.why}</span>
      </th>
      <td className="w-44 py-2 pr-4">
        <PartBar part={part} />
      </td>
      <td className="py-2 text-ink-2 max-sm:hidden">{part.why}</td>
    </tr>
  );
}

/** The bar's frame is the most the part could add. */
function PartBar({ part }: { part: RiskPart }) {
  return (
    <span className="tabular flex items-center gap-2 text-xs">
      <span aria-hidden="true" className="h-2 w-20 overflow-hidden rounded-sm bg-raised">
        <span className="block h-full bg-accent" style={{ width: `${Math.round(part.value * 100)}%` }} />
      </span>
      <span className="whitespace-nowrap">
        <span className="font-medium">{part.contribution.toFixed(2)}</span>{" "}
        <span className="text-ink-3">
          <span className="sr-only">{en.item.riskWeight} </span>
          <span aria-hidden="true">/ </span>
          {part.weight.toFixed(2)}
        </span>
      </span>
    </span>
  );
}
