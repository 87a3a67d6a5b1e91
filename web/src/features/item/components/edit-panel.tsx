"use client";
import { Pencil } from "lucide-react";
import { useRef } from "react";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { en } from "@/messages/en";
import { lock as words } from "@/messages/lock";
import { useFocusIfLost } from "../hooks/use-focus-if-lost";
import type { Editing } from "../hooks/use-item-editing";
import { DraftForm } from "./draft-form";
import { PresentPeople } from "./present-people";
import { StatusButtons } from "./status-buttons";

/** What the desk makes of the item: its status, one step at a time, or status and tags under the lock; and who is here. */
export function EditPanel({ editing }: { editing: Editing }) {
  const { item, me, lock, draft } = editing;
  return (
    <Panel id="status" title={en.item.status} className="max-lg:-order-1" bodyClass="p-4">
      {draft ? <DraftForm editing={editing} draft={draft} /> : <Steps editing={editing} />}
      <PresentPeople room={`item:${item.id}`} me={me?.id} holder={lock.lock?.holder.user_id} />
    </Panel>
  );
}

function Steps({ editing }: { editing: Editing }) {
  const { item, me, holder, isSaving, notice } = editing;
  const button = useRef<HTMLButtonElement>(null);
  useFocusIfLost(button, holder);
  const mayEdit = me !== undefined && me.role !== "viewer";
  return (
    <>
      <StatusButtons
        value={item.status}
        saved={item.status}
        disabled={!mayEdit || isSaving || holder !== null}
        onPick={editing.setStatus}
      />
      {mayEdit && holder === null && (
        <Button ref={button} className="mt-3 w-full" disabled={isSaving} onClick={editing.begin}>
          <Pencil aria-hidden="true" className="size-3.5" />
          {words.edit}
        </Button>
      )}
      {notice && holder === null && (
        <p role="alert" className="mt-3 break-words rounded-md bg-high-soft px-3 py-2 text-high text-xs">
          {notice}
        </p>
      )}
    </>
  );
}
