/** What was typed, where it is a number between the two. */
export function numberIn(text: string, least: number, most: number): number | null {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  return value >= least && value <= most ? value : null;
}
