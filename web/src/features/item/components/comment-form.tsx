"use client";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { PersonOption } from "@/components/domain/person-option";
import { Button } from "@/components/ui/button";
import { OptionList } from "@/components/ui/combobox";
import { Field } from "@/components/ui/field";
import { lock as words } from "@/messages/lock";
import { people } from "@/messages/people";
import { comment } from "../api/activity";
import { useMentions } from "../hooks/use-mentions";

/** Longest comment that the server takes. */
const MAX_CHARS = 4_000;

/** Says something about the item. What could not be sent stays, and sent again it is the same comment. */
export function CommentForm({ room }: { room: string }) {
  const [text, setText] = useState("");
  const key = useRef<string | null>(null);
  const said = useMutation({
    mutationFn: (said: { text: string; mentions: string[] }) => {
      key.current ??= crypto.randomUUID();
      return comment(room, said, key.current);
    },
    onSuccess: (_, said) => {
      key.current = null;
      // What was typed meanwhile stays.
      setText((now) => (now === said.text ? "" : now));
    },
  });
  const change = (text: string) => {
    // Other words are another comment.
    key.current = null;
    setText(text);
  };
  const { input, list, named } = useMentions(text, change);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() && !said.isPending) said.mutate({ text, mentions: named.map(({ id }) => id) });
  };
  return (
    <form aria-label={words.comment} onSubmit={submit} className="mb-3 flex flex-wrap items-end gap-2">
      <Field
        {...input}
        id="comment"
        label={words.comment}
        hint={words.commentHint}
        value={text}
        maxLength={MAX_CHARS}
        className="min-w-0 flex-1"
        onChange={({ currentTarget }) => change(currentTarget.value)}
      />
      <Button type="submit" disabled={!text.trim() || said.isPending}>
        {said.isPending ? words.sending : words.send}
      </Button>
      <OptionList list={list} label={people.list} found={people.found}>
        {(person) => <PersonOption person={person} among={list.options} />}
      </OptionList>
      {said.isError && (
        <p role="alert" className="w-full break-words rounded-md bg-high-soft px-3 py-2 text-high text-xs">
          {words.notSaid(said.error.message)}
        </p>
      )}
    </form>
  );
}
