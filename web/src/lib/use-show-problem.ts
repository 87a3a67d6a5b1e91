"use client";
import { type RefObject, useEffect, useState } from "react";

function reveal(form: HTMLElement | null) {
  const field = form?.querySelector<HTMLElement>('[aria-invalid="true"]');
  if (field) return field.focus();
  form?.querySelector('[role="alert"]')?.scrollIntoView({ block: "nearest" });
}

/**
 * Brings what is wrong into sight once it is on the page, when the server says no or when that is asked for: the first
 * field that it is said of then has the focus.
 */
export function useShowProblem(form: RefObject<HTMLElement | null>, error: Error | null): () => void {
  const [times, setTimes] = useState(0);
  useEffect(() => {
    if (times > 0) reveal(form.current);
  }, [times, form]);
  useEffect(() => {
    if (error) reveal(form.current);
  }, [error, form]);
  return () => setTimes((before) => before + 1);
}
