"use client";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { lock as words } from "@/messages/lock";
import { comment } from "../api/activity";

/** Longest comment that the server takes. */
const MAX_CHARS = 4_000;

/** Says something about the item. What could not be sent stays, and sent again it is the same comment. */
export function CommentForm({ room }: { room: string }) {
  const [text, setText] = useState("");
  const key = useRef<string | null>(null);
  const said = useMutation({
    mutationFn: (words: string) => {
      key.current ??= crypto.randomUUID();
      return comment(room, words, key.current);
    },
    onSuccess: (_, words) => {
      key.current = null;
      // What was typed meanwhile stays.
      setText((now) => (now === words ? "" : now));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() && !said.isPending) said.mutate(text);
  };
  return (
    <form aria-label={words.comment} onSubmit={submit} className="mb-3 flex flex-wrap items-end gap-2">
      <Field
        id="comment"
        label={words.comment}
        value={text}
        maxLength={MAX_CHARS}
        autoComplete="off"
        className="min-w-0 flex-1"
        onChange={({ currentTarget }) => {
          // Other words are another comment.
          key.current = null;
          setText(currentTarget.value);
        }}
      />
      <Button type="submit" disabled={!text.trim() || said.isPending}>
        {said.isPending ? words.sending : words.send}
      </Button>
      {said.isError && (
        <p role="alert" className="w-full break-words rounded-md bg-high-soft px-3 py-2 text-high text-xs">
          {words.notSaid(said.error.message)}
        </p>
      )}
    </form>
  );
}
