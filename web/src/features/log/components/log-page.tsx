"use client";
import { PageLinks } from "@/components/ui/page-links";
import { Empty } from "@/components/ui/states";
import { useMe } from "@/lib/use-me";
import { log } from "@/messages/log";
import { placeQuery, useLogPlace, VIEWS, type View } from "../hooks/use-log-place";
import { GroupsView } from "./groups-view";
import { HealthView } from "./health-view";
import { LettersView } from "./letters-view";
import { TopicsView } from "./topics-view";

/** What stands on the log, who reads it, and what could not be applied; for administrators. */
export function LogPage() {
  const me = useMe().data;
  const [place] = useLogPlace();
  return (
    <div className="mx-auto w-full max-w-[90rem] px-3 py-4 sm:px-4 sm:py-6">
      <div className="mb-4 flex flex-wrap items-center gap-x-6 gap-y-2">
        <h1 className="font-semibold text-lg tracking-tight">{log.title}</h1>
        {me?.role === "admin" && <Views now={place.view} />}
      </div>
      {me && me.role !== "admin" && <Empty title={log.adminOnly} text={log.adminOnlyText} />}
      {me?.role === "admin" && (
        <>
          {place.view === "topics" && <TopicsView />}
          {place.view === "groups" && <GroupsView />}
          {place.view === "letters" && <LettersView />}
          {place.view === "health" && <HealthView />}
        </>
      )}
    </div>
  );
}

function Views({ now }: { now: View }) {
  const links = VIEWS.map((view) => ({ href: `/log${placeQuery({ view })}`, name: log[view] }));
  return <PageLinks label={log.parts} links={links} now={`/log${placeQuery({ view: now })}`} />;
}
