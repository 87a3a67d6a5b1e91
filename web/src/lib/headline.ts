import type { Item } from "./api/types";

const LONGEST = 160;

/** The title where there is one, else the beginning of the text. */
export function headline(item: Item): string {
  const text = item.title?.trim() || item.text.trim();
  const characters = [...text];
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST).join("")}…` : text;
}

/** Where it happened, as people write it. */
export function placeName(item: Item): string | null {
  const place = item.location;
  if (!place) return null;
  return place.country && place.name !== place.country ? `${place.name}, ${place.country}` : place.name;
}
