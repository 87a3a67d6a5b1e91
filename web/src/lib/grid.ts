import type { BoundingBox } from "./api/filter";

/** Degrees of a map cell. */
export const CELL_DEGREES = 2;

/** Names the cell of a point; the same for every point of the cell. */
export function cellKey(lat: number, lon: number): string {
  return `${Math.floor(lat / CELL_DEGREES)}:${Math.floor(lon / CELL_DEGREES)}`;
}

/** The cell's box, within the globe. */
export function cellBox(lat: number, lon: number): BoundingBox {
  const south = Math.floor(lat / CELL_DEGREES) * CELL_DEGREES;
  const west = Math.floor(lon / CELL_DEGREES) * CELL_DEGREES;
  return [west, south, Math.min(180, west + CELL_DEGREES), Math.min(90, south + CELL_DEGREES)];
}
