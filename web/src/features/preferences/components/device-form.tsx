"use client";
import { type ReactNode, useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Problem } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { fieldProblems } from "@/lib/api/problem";
import { prefs } from "@/messages/notify";
import type { useAddDevice } from "../hooks/use-add-device";

/** Longest name that the server takes. */
const MAX_LABEL = 100;

/** A form that adds a device: `children` are its address, then come the name for it, the button, and how it went. */
export function DeviceForm({
  id,
  title,
  name,
  add,
  onAdd,
  children,
  after,
}: {
  id: string;
  title: string;
  /** What a device is called unless its owner says otherwise. */
  name: string;
  add: ReturnType<typeof useAddDevice>;
  onAdd: (label: string) => void;
  children: ReactNode;
  /** Beside the form. */
  after?: ReactNode;
}) {
  const label = useId();
  const [called, setCalled] = useState(name);
  const problems = fieldProblems(add.error);
  const isOfField = Object.keys(problems).length > 0;
  return (
    <Panel id={id} title={title} bodyClass="p-4">
      <form
        aria-label={title}
        onSubmit={(event) => {
          event.preventDefault();
          onAdd(called);
        }}
        className="flex flex-col gap-3"
      >
        {children}
        <Field
          id={label}
          required
          maxLength={MAX_LABEL}
          label={prefs.label}
          problem={problems.label}
          value={called}
          onChange={({ target }) => setCalled(target.value)}
        />
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" disabled={add.isPending}>
            {add.isPending ? prefs.adding : prefs.add}
          </Button>
          <p role="status" className="min-w-0 flex-1 text-ink-2 text-xs">
            {add.data && prefs.wasAdded(add.data.label)}
          </p>
          {add.error && !isOfField && <Problem text={prefs.failed(add.error.message)} />}
        </div>
      </form>
      {after}
    </Panel>
  );
}
