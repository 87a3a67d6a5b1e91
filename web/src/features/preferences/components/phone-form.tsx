"use client";
import { type FormEvent, useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Problem } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { fieldProblems } from "@/lib/api/problem";
import { prefs } from "@/messages/notify";
import { useAddDevice } from "../hooks/use-add-device";

/** Longest name that the server takes. */
export const MAX_LABEL = 100;

/** Adds a telephone for short messages. */
export function PhoneForm() {
  const id = useId();
  const [number, setNumber] = useState("");
  const [label, setLabel] = useState<string>(prefs.targetName.phone);
  const add = useAddDevice();
  const problems = fieldProblems(add.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // As people write it: with spaces, dashes, brackets.
    const target = { kind: "phone", number: number.replace(/[\s().-]/g, "") } as const;
    add.mutate({ label, target }, { onSuccess: () => setNumber("") });
  };
  return (
    <Panel id="phone" title={prefs.phone} bodyClass="p-4">
      <form aria-label={prefs.phone} onSubmit={submit} className="flex flex-col gap-3">
        <Field
          id={`${id}-number`}
          type="tel"
          autoComplete="tel"
          required
          label={prefs.phoneNumber}
          hint={prefs.phoneHint}
          problem={problems["target.number"]}
          value={number}
          onChange={({ target }) => setNumber(target.value)}
        />
        <Field
          id={`${id}-label`}
          required
          maxLength={MAX_LABEL}
          label={prefs.label}
          problem={problems.label}
          value={label}
          onChange={({ target }) => setLabel(target.value)}
        />
        <AddEnd add={add} />
      </form>
    </Panel>
  );
}

/** The end of a form that adds a device: its button, and how it went. */
export function AddEnd({ add }: { add: ReturnType<typeof useAddDevice> }) {
  const isOfField = Object.keys(fieldProblems(add.error)).length > 0;
  return (
    <div className="flex flex-wrap items-center gap-3">
      <Button type="submit" disabled={add.isPending}>
        {add.isPending ? prefs.adding : prefs.add}
      </Button>
      <p role="status" className="min-w-0 flex-1 text-ink-2 text-xs">
        {add.data && prefs.wasAdded(add.data.label)}
      </p>
      {add.error && !isOfField && <Problem text={prefs.failed(add.error.message)} />}
    </div>
  );
}
