"use client";
import { useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, inputClass } from "@/components/ui/field";
import { Modal } from "@/components/ui/modal";
import { fieldProblems } from "@/lib/api/problem";
import { prefs } from "@/messages/notify";
import { newSecret } from "../api/devices";
import { useAddDevice } from "../hooks/use-add-device";
import { DeviceForm } from "./device-form";

/** Adds a program that takes messages. Its secret is made here, and shown once. */
export function WebhookForm() {
  const id = useId();
  const [url, setUrl] = useState("");
  const [secret, setSecret] = useState<string | null>(null);
  const add = useAddDevice();
  const problems = fieldProblems(add.error);
  const onAdd = (label: string) => {
    const made = newSecret();
    const onSuccess = () => {
      setSecret(made);
      setUrl("");
    };
    add.mutate({ label, target: { kind: "webhook", url: url.trim(), secrets: [made] } }, { onSuccess });
  };
  return (
    <DeviceForm
      id="webhook"
      title={prefs.webhook}
      name={prefs.targetName.webhook}
      add={add}
      onAdd={onAdd}
      after={<SecretDialog secret={secret} onClose={() => setSecret(null)} />}
    >
      <p className="text-ink-3 text-xs">{prefs.webhookText}</p>
      <Field
        id={id}
        type="url"
        required
        placeholder="https://"
        label={prefs.url}
        problem={problems["target.url"] ?? problems["target.secrets"]}
        value={url}
        onChange={({ target }) => setUrl(target.value)}
      />
    </DeviceForm>
  );
}

function SecretDialog({ secret, onClose }: { secret: string | null; onClose: () => void }) {
  const id = useId();
  const [copied, setCopied] = useState<string | null>(null);
  const copy = () => void navigator.clipboard.writeText(secret ?? "").then(() => setCopied(secret));
  // Only a secure page has a clipboard; elsewhere the text is marked and copied by hand.
  const canCopy = typeof navigator !== "undefined" && "clipboard" in navigator;
  return (
    <Modal
      open={secret !== null}
      onClose={onClose}
      title={prefs.secretTitle}
      footer={
        <div className="flex justify-end gap-2">
          {canCopy && <Button onClick={copy}>{copied === secret ? prefs.copied : prefs.copy}</Button>}
          <Button look="primary" onClick={onClose}>
            {prefs.done}
          </Button>
        </div>
      }
    >
      <div className="flex flex-col gap-2 p-4 text-[13px]">
        <p>{prefs.secretText}</p>
        <label htmlFor={id} className="font-medium text-ink-2 text-xs">
          {prefs.secret}
        </label>
        <input
          id={id}
          readOnly
          spellCheck={false}
          className={`${inputClass} font-mono text-xs`}
          value={secret ?? ""}
          onFocus={({ target }) => target.select()}
        />
      </div>
    </Modal>
  );
}
