import type { ComponentType } from "react";
import type { Kept, KeptApi } from "@/lib/api/kept";
import type { FieldProblems } from "@/lib/api/problem";
import type { Role } from "@/lib/api/types";

export interface FieldsProps<Draft> {
  draft: Draft;
  onChange: (part: Partial<Draft>) => void;
  /** By the names that the API gives its fields. */
  problems: FieldProblems;
}

export interface KindWords {
  /** The list's name. */
  list: string;
  text: string;
  add: string;
  edit: string;
  none: string;
  noneText: string;
  /** What deleting one comes to. */
  deleteText: string;
}

export interface Question {
  text: string;
  yes: string;
}

/** All that tells one kind of thing that people set up from another. */
export interface Kind<T extends object, Draft extends object> {
  api: KeptApi<T>;
  /** Who may change them. */
  editor: Role;
  words: KindWords;
  nameOf: (it: T) => string;
  /** As the form begins, for one that is there or for a new one. */
  draftOf: (it?: T) => Draft;
  bodyOf: (draft: Draft) => T;
  /** What cannot be sent. */
  problemsOf: (draft: Draft) => FieldProblems;
  /** What is asked once more before it is saved: what it would come to, and what says yes to it. Null where nothing is. */
  askOf?: (draft: Draft) => Question | null;
  Fields: ComponentType<FieldsProps<Draft>>;
  /** What a row says below the name. */
  Summary: ComponentType<{ it: Kept<T> }>;
  /** What belongs to one, below its row. */
  Below?: ComponentType<{ it: Kept<T> }>;
}
