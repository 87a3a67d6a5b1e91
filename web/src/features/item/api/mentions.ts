import type { Person } from "@/lib/api/people";

/** Longest beginning of a name that is looked for. */
const MAX_LETTERS = 40;
const BEGUN = /(^|\s)@([^@\n]*)$/;

/** The letters behind an `@` at the end of the text, where a name is being typed; behind a chosen one the text goes on. */
export function beginning(text: string, chosen: readonly Person[] = []): string | null {
  const letters = BEGUN.exec(text)?.[2];
  if (letters === undefined || letters.length > MAX_LETTERS || / $/.test(letters)) return null;
  return chosen.some(({ name }) => letters.startsWith(`${name} `)) ? null : letters;
}

/** The text with the name in place of its beginning. */
export const withName = (text: string, name: string): string =>
  text.replace(BEGUN, (_, before: string) => `${before}@${name} `);

/** Those of the chosen whose names still stand in the text. */
export const namedIn = (text: string, chosen: Person[]): Person[] =>
  chosen.filter(({ name }) => text.includes(`@${name}`));
