/** A colleague. */
export interface Person {
  id: string;
  name: string;
}

/** Longest beginning of a name that is looked for. */
const MAX_LETTERS = 40;
const BEGUN = /(^|\s)@([^@\n]*)$/;

/** The letters behind an `@` at the end of the text, where a name is being typed. */
export function beginning(text: string): string | null {
  const letters = BEGUN.exec(text)?.[2];
  if (letters === undefined || letters.length > MAX_LETTERS || / $/.test(letters)) return null;
  return letters;
}

/** The text with the name in place of its beginning. */
export const withName = (text: string, name: string): string =>
  text.replace(BEGUN, (_, before: string) => `${before}@${name} `);

/** Those of the chosen whose names still stand in the text. */
export const namedIn = (text: string, chosen: Person[]): Person[] =>
  chosen.filter(({ name }) => text.includes(`@${name}`));
