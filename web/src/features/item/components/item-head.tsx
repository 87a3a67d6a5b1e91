import { ExternalLink } from "lucide-react";
import { Age } from "@/components/domain/age";
import { HazardLabel } from "@/components/domain/hazard-icon";
import { RiskMeter } from "@/components/domain/risk-meter";
import { SeverityMark } from "@/components/domain/severity-mark";
import { Badge } from "@/components/ui/badge";
import type { Item } from "@/lib/api/types";
import { headline } from "@/lib/headline";
import { timeOfDay } from "@/lib/time";
import { en } from "@/messages/en";
import type { LiveMark } from "../hooks/use-live-mark";

/** Only web addresses become links; a source may send anything. */
function webAddress(url: string | undefined): string | null {
  return url && /^https?:\/\//i.test(url) ? url : null;
}

export function ItemHead({ item, mark }: { item: Item; mark: LiveMark | null }) {
  const url = webAddress(item.url);
  const title = item.title?.trim();
  const media = [...new Set(item.media)].filter((address) => webAddress(address) !== null);
  return (
    <section
      aria-labelledby="headline"
      className="rounded-lg border border-line bg-panel p-4 shadow-panel sm:p-5"
    >
      <div className="mb-2 flex flex-wrap items-center gap-x-4 gap-y-1.5 text-ink-2 text-xs">
        <SeverityMark severity={item.severity} />
        <HazardLabel hazard={item.hazard.type} />
        <RiskMeter score={item.risk_score} level={item.risk_level} />
        <span>
          {item.source} · <Age at={item.timestamp} />
        </span>
        {item.exercise && <Badge tone="accent">{en.item.exercise}</Badge>}
        <span role="status">
          {mark && (
            <Badge key={mark.at} tone="accent" className="animate-fresh tabular">
              {mark.revised ? en.item.liveRevision(item.revision) : en.item.liveUpdate} · {timeOfDay(mark.at)}
            </Badge>
          )}
        </span>
      </div>
      <h1
        id="headline"
        dir="auto"
        className="text-pretty font-semibold text-lg leading-snug tracking-tight sm:text-xl"
      >
        {headline(item)}
      </h1>
      {(title || item.text.length > 160) && (
        <p
          dir="auto"
          data-item-text
          className="mt-3 max-w-prose whitespace-pre-line break-words text-[15px] text-ink-2 leading-relaxed"
        >
          {item.text}
        </p>
      )}
      <div className="mt-3 flex flex-wrap gap-x-4 gap-y-1.5 empty:hidden">
        {url && <WebLink url={url} name={en.item.original} />}
        {/* Only linked: pictures are not loaded from other hosts. */}
        {media.map((address, index) => (
          <WebLink key={address} url={address} name={en.item.media(index + 1)} />
        ))}
      </div>
    </section>
  );
}

function WebLink({ url, name }: { url: string; name: string }) {
  return (
    <a
      href={url}
      target="_blank"
      rel="noreferrer noopener"
      className="inline-flex items-center gap-1.5 rounded font-medium text-[13px] text-accent hover:underline"
    >
      <ExternalLink aria-hidden="true" className="size-3.5" />
      {name}
    </a>
  );
}
