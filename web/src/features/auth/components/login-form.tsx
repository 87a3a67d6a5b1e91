"use client";
import { useMutation } from "@tanstack/react-query";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { ApiError } from "@/lib/api/problem";
import { en } from "@/messages/en";
import { register, signIn } from "../api/auth";

function message(error: unknown): string {
  if (error instanceof ApiError && error.status === 401) return en.login.wrong;
  return error instanceof Error ? error.message : String(error);
}

export function LoginForm({ mode }: { mode: "login" | "register" }) {
  const creating = mode === "register";
  const send = useMutation({
    mutationFn: (form: FormData) => {
      const text = (name: string) => String(form.get(name) ?? "");
      const credentials = { email: text("email").trim(), password: text("password") };
      return creating ? register({ ...credentials, name: text("name").trim() }) : signIn(credentials);
    },
  });
  const busy = send.isPending || send.isSuccess;
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        send.mutate(new FormData(event.currentTarget));
      }}
    >
      <Field id="email" name="email" type="email" label={en.login.email} autoComplete="username" required />
      {creating && <Field id="name" name="name" label={en.login.name} autoComplete="name" required />}
      <Field
        id="password"
        name="password"
        type="password"
        label={en.login.password}
        hint={creating ? en.login.passwordHint : undefined}
        minLength={creating ? 8 : undefined}
        autoComplete={creating ? "new-password" : "current-password"}
        required
      />
      {send.isError && (
        <p role="alert" className="rounded-md bg-critical-soft px-3 py-2 text-critical text-xs">
          {message(send.error)}
        </p>
      )}
      <Button look="primary" type="submit" className="h-9" disabled={busy}>
        {creating
          ? busy
            ? en.login.registering
            : en.login.register
          : busy
            ? en.login.submitting
            : en.login.submit}
      </Button>
    </form>
  );
}
