"use client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Panel } from "@/components/ui/panel";
import { keys } from "@/lib/api/keys";
import type { Preferences } from "@/lib/api/notification-types";
import { type FieldProblems, fieldProblems } from "@/lib/api/problem";
import { zoneHere } from "@/lib/zones";
import { prefs } from "@/messages/notify";
import { channelOf, devicesQuery } from "../api/devices";
import {
  begun,
  draftOf,
  draftProblems,
  isChanged,
  isSame,
  type PreferencesDraft,
  preferencesOf,
} from "../api/draft";
import { savePreferences } from "../api/preferences";
import { ChannelMatrix } from "./channel-matrix";
import { DigestFields } from "./digest-fields";
import { LanguageFields } from "./language-fields";
import { QuietFields } from "./quiet-fields";
import { SaveBar } from "./save-bar";

/** What every group of fields gets: the draft, a way to change a part of it, and what is wrong with which field. */
export interface GroupProps {
  draft: PreferencesDraft;
  onChange: (change: Partial<PreferencesDraft>) => void;
  problems: FieldProblems;
}

/** On which channels which messages come, and when. Nothing is saved before the person says so. */
export function MessagesForm({ saved }: { saved: Preferences }) {
  const cache = useQueryClient();
  const [draft, setDraft] = useState(() => begun(saved, zoneHere()));
  /** What the draft was begun from. */
  const [base, setBase] = useState(saved);
  if (base !== saved) {
    setBase(saved);
    // Changed elsewhere: what nobody has touched here follows.
    if (isSame(draft, begun(base, zoneHere()))) setDraft(begun(saved, zoneHere()));
  }
  /** What the form itself found wrong when it was to be saved. */
  const [found, setFound] = useState<FieldProblems>({});
  const devices = useQuery(devicesQuery());
  const save = useMutation({
    mutationFn: savePreferences,
    onSuccess: (kept, sent) => {
      cache.setQueryData<Preferences>(keys.preferences, kept);
      void cache.invalidateQueries({ queryKey: keys.me });
      // What was changed meanwhile stays.
      setDraft((now) => (isChanged(now, sent) ? now : draftOf(kept)));
    },
  });
  const change = (part: Partial<PreferencesDraft>) => {
    setDraft((now) => ({ ...now, ...part }));
    setFound({});
    save.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const problems = draftProblems(draft);
    setFound(problems);
    if (Object.keys(problems).length === 0) save.mutate(preferencesOf(draft));
  };
  const group = { draft, onChange: change, problems: { ...fieldProblems(save.error), ...found } };
  const reached = devices.data && new Set(devices.data.items.map(({ target }) => channelOf(target)));
  return (
    <form aria-label={prefs.title} onSubmit={submit} className="flex flex-col gap-4">
      <Panel id="matrix" title={prefs.matrix} bodyClass="flex flex-col gap-4 p-4">
        <ChannelMatrix {...group} reached={reached} />
      </Panel>
      <Panel id="quiet" title={prefs.quiet} bodyClass="p-4">
        <QuietFields {...group} />
      </Panel>
      <div className="grid gap-4 md:grid-cols-2">
        <Panel id="digest" title={prefs.digest} bodyClass="flex flex-col gap-4 p-4">
          <DigestFields {...group} />
        </Panel>
        <Panel id="language" title={prefs.language} bodyClass="flex flex-col gap-4 p-4">
          <LanguageFields {...group} />
        </Panel>
      </div>
      <SaveBar
        isChanged={isChanged(draft, saved)}
        isZoneFilledIn={draft.zone !== saved.zone && !isChanged({ ...draft, zone: saved.zone }, saved)}
        save={save}
        onDiscard={() => change(draftOf(saved))}
      />
    </form>
  );
}
