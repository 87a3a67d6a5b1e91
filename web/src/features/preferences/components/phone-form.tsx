"use client";
import { useId, useState } from "react";
import { Field } from "@/components/ui/field";
import { fieldProblems } from "@/lib/api/problem";
import { prefs } from "@/messages/notify";
import { useAddDevice } from "../hooks/use-add-device";
import { DeviceForm } from "./device-form";

/** Adds a telephone for short messages. */
export function PhoneForm() {
  const id = useId();
  const [number, setNumber] = useState("");
  const add = useAddDevice();
  const onAdd = (label: string) => {
    // As people write it: with spaces, dashes, brackets.
    const target = { kind: "phone", number: number.replace(/[\s().-]/g, "") } as const;
    add.mutate({ label, target }, { onSuccess: () => setNumber("") });
  };
  return (
    <DeviceForm id="phone" title={prefs.phone} name={prefs.targetName.phone} add={add} onAdd={onAdd}>
      <Field
        id={id}
        type="tel"
        autoComplete="tel"
        required
        label={prefs.phoneNumber}
        hint={prefs.phoneHint}
        problem={fieldProblems(add.error)["target.number"]}
        value={number}
        onChange={({ target }) => setNumber(target.value)}
      />
    </DeviceForm>
  );
}
