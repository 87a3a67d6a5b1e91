"use client";
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button } from "@/components/ui/button";
import { QueryList } from "@/components/ui/query-list";
import type { Kept } from "@/lib/api/kept";
import { isAtLeast } from "@/lib/role";
import { useKeepFocus } from "@/lib/use-keep-focus";
import { useMe } from "@/lib/use-me";
import { setUp as words } from "@/messages/set-up";
import type { Kind } from "./kind";
import { SetUpDelete } from "./set-up-delete";
import { SetUpDialog } from "./set-up-dialog";

type Open<T> = { what: "add" } | { what: "edit" | "delete"; kept: Kept<T> } | null;

/** Things of one kind; who may, adds, changes and deletes them. */
export function SetUpView<T extends object, Draft extends object>({
  kind,
  head,
}: {
  kind: Kind<T, Draft>;
  /** What stands above the list instead of the kind's text. */
  head?: ReactNode;
}) {
  const query = useQuery(kind.api.all());
  const [open, setOpen] = useState<Open<T>>(null);
  const [warning, setWarning] = useState<string | null>(null);
  const section = useKeepFocus<HTMLElement>();
  const close = () => setOpen(null);
  const saved = (it: Kept<T>) => {
    setWarning(it.warning ?? null);
    close();
  };
  const isEditor = isAtLeast(useMe().data?.role, kind.editor);
  return (
    <section ref={section} tabIndex={-1} aria-label={kind.words.list} className="outline-none">
      <div className="mb-2 flex min-h-8 flex-wrap items-center justify-between gap-2">
        {head ?? (
          <p className="min-w-0 max-w-3xl flex-1 basis-64 text-[13px] text-ink-3">{kind.words.text}</p>
        )}
        {isEditor && (
          <Button look="primary" onClick={() => setOpen({ what: "add" })}>
            <Plus aria-hidden="true" className="size-3.5" />
            {kind.words.add}
          </Button>
        )}
      </div>
      <p
        role="status"
        className="mb-2 break-words rounded-md bg-medium-soft px-3 py-2 text-medium text-xs empty:hidden"
      >
        {warning}
      </p>
      <QueryList query={query} empty={{ title: kind.words.none, text: kind.words.noneText }}>
        {(kept) => (
          <Row
            key={kept.id}
            kind={kind}
            kept={kept}
            isEditor={isEditor}
            onOpen={(what) => setOpen({ what, kept })}
          />
        )}
      </QueryList>
      {open?.what === "add" && <SetUpDialog kind={kind} onClose={close} onSaved={saved} />}
      {open?.what === "edit" && <SetUpDialog kind={kind} kept={open.kept} onClose={close} onSaved={saved} />}
      {open?.what === "delete" && <SetUpDelete kind={kind} kept={open.kept} onClose={close} />}
    </section>
  );
}

function Row<T extends object, Draft extends object>({
  kind: { nameOf, Summary, Below },
  kept,
  isEditor,
  onOpen,
}: {
  kind: Kind<T, Draft>;
  kept: Kept<T>;
  isEditor: boolean;
  onOpen: (what: "edit" | "delete") => void;
}) {
  const name = nameOf(kept);
  return (
    <li
      data-set-up={kept.id}
      className="flex flex-wrap items-center gap-x-4 gap-y-2 border-line border-b px-4 py-3.5"
    >
      <div className="flex min-w-0 flex-1 basis-56 flex-col gap-1.5">
        <p className="break-words font-semibold text-[13px]">{name}</p>
        <Summary it={kept} />
      </div>
      {isEditor && (
        <div className="flex gap-2">
          <Button size="small" aria-label={words.editNamed(name)} onClick={() => onOpen("edit")}>
            {words.edit}
          </Button>
          <Button size="small" aria-label={words.deleteNamed(name)} onClick={() => onOpen("delete")}>
            {words.delete}
          </Button>
        </div>
      )}
      {Below && (
        <div className="basis-full">
          <Below it={kept} />
        </div>
      )}
    </li>
  );
}
