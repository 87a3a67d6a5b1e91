import { geoEqualEarth, geoPath } from "d3-geo";
import { borders, land } from "./land";

const NORTH = 82;
const SOUTH = -56;

export interface WorldView {
  width: number;
  height: number;
  land: string;
  borders: string;
  /** The point in pixels. */
  project: (lat: number, lon: number) => [number, number];
  /** The degrees of a pixel, if it lies on the globe. */
  invert: (x: number, y: number) => { lat: number; lon: number } | null;
}

/** The inhabited world in Equal Earth (areas compare rightly), `width` pixels wide. */
export function worldView(width: number): WorldView {
  const projection = geoEqualEarth().rotate([-11, 0]).fitWidth(width, { type: "Sphere" });
  const [x, y] = projection.translate();
  const top = projection([11, NORTH])?.[1] ?? 0;
  const bottom = projection([11, SOUTH])?.[1] ?? width / 2;
  projection.translate([x, y - top]);
  const path = geoPath(projection).digits(1);
  return {
    width,
    height: Math.round(bottom - top),
    land: path(land) ?? "",
    borders: path(borders) ?? "",
    project: (lat, lon) => projection([lon, lat]) ?? [-99, -99],
    invert: (px, py) => {
      const point = projection.invert?.([px, py]);
      return point ? { lat: point[1], lon: point[0] } : null;
    },
  };
}
