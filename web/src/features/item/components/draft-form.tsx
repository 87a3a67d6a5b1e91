"use client";
import { type FormEvent, useRef } from "react";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { statusName } from "@/messages/en";
import { lock as words } from "@/messages/lock";
import { changedSince, type Draft } from "../hooks/use-draft";
import { useFocusIfLost } from "../hooks/use-focus-if-lost";
import type { Editing } from "../hooks/use-item-editing";
import { LockActions } from "./lock-actions";
import { Since } from "./lock-banner";
import { StatusButtons } from "./status-buttons";

/** The item's changes while they are not saved: to be saved with the lock, kept without it. */
export function DraftForm({ editing, draft }: { editing: Editing; draft: Draft }) {
  const { item, lock, isSaving, notice } = editing;
  const form = useRef<HTMLFormElement>(null);
  useFocusIfLost(form, lock.mine);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (lock.mine) editing.save();
  };
  return (
    <form
      ref={form}
      tabIndex={-1}
      aria-label={words.edit}
      data-draft={lock.mine ? "held" : "kept"}
      onSubmit={submit}
      className="flex flex-col gap-3 outline-none"
    >
      {lock.mine ? <p className="text-ink-2 text-xs">{words.editing}</p> : <Lost editing={editing} />}
      {!isSaving && <ChangedMeanwhile editing={editing} draft={draft} />}
      <StatusButtons
        value={draft.status}
        saved={item.status}
        disabled={isSaving}
        onPick={(status) => editing.change({ status })}
      />
      <Field
        id="draft-tags"
        label={words.tags}
        hint={words.tagsHint}
        value={draft.tags}
        maxLength={2_000}
        autoComplete="off"
        onChange={({ currentTarget }) => editing.change({ tags: currentTarget.value })}
      />
      {notice && (
        <p role="alert" className="break-words rounded-md bg-high-soft px-3 py-2 text-high text-xs">
          {notice}
        </p>
      )}
      <div className="flex flex-wrap items-center gap-2">
        {lock.mine ? (
          <Button type="submit" look="primary" disabled={isSaving}>
            {isSaving ? words.saving : words.save}
          </Button>
        ) : (
          <LockActions editing={editing} />
        )}
        <Button disabled={isSaving} onClick={editing.cancel}>
          {lock.mine ? words.cancel : words.discard}
        </Button>
      </div>
    </form>
  );
}

/** That it cannot be saved now, why, and who has the lock. */
function Lost({ editing: { lock, holder } }: { editing: Editing }) {
  const why = lock.lost ? words.lost(lock.lost, holder ?? words.somebody) : words.reloaded;
  return (
    <div
      role="alert"
      data-lost={lock.lost ?? ""}
      className="rounded-md bg-high-soft px-3 py-2 text-high text-xs"
    >
      <p className="font-semibold">{why}</p>
      <p className="mt-0.5 break-words">
        {holder !== null && lock.lock ? (
          <>
            {words.hasIt(holder)} {words.since} <Since at={lock.lock.taken_at} />.
          </>
        ) : (
          words.nobodyHasIt
        )}{" "}
        {words.draftKept}
      </p>
    </div>
  );
}

function ChangedMeanwhile({ editing: { item }, draft }: { editing: Editing; draft: Draft }) {
  const { status, tags } = changedSince(draft, item);
  if (!status && !tags) return null;
  return (
    <p role="status" className="break-words rounded-md bg-raised px-3 py-2 text-ink-2 text-xs">
      {words.changed}{" "}
      {[status && statusName[status], tags && (tags.join(", ") || "–")].filter(Boolean).join(" · ")}
    </p>
  );
}
