/** As many colours as the theme has for people. */
const COLOURS = 6;

/** One or two letters that stand for a name. */
export function initials(name: string): string {
  const words = name
    .trim()
    .split(/[\s._-]+/)
    .filter(Boolean);
  const [first, last] = [words[0], words.length > 1 ? words.at(-1) : undefined];
  const letters = [first, last].map((word) => (word ? ([...word][0] ?? "") : ""));
  return letters.join("").toLocaleUpperCase() || "?";
}

/** The number of a person's colour: the same on every screen. */
export function personColour(userId: string): number {
  let sum = 0;
  for (const letter of userId) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % COLOURS;
}
