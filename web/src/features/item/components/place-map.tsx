"use client";
import { geoAzimuthalEqualArea, geoGraticule10, geoPath } from "d3-geo";
import { useMemo } from "react";
import { SEVERITY_FILL, SEVERITY_SHAPES } from "@/components/domain/severity-mark";
import { borders, land } from "@/components/map/land";
import type { Location, Precision, Severity } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { en } from "@/messages/en";

const WIDTH = 336;
const HEIGHT = 189;
const EARTH_KM = 6371;
/** Half the width of the map, by how exact the place is. */
const REACH_KM: Record<Precision, number> = { country: 2600, admin1: 1500, city: 1100, point: 1100 };
/** The place is somewhere within this; nothing is drawn for exact places. */
const BLUR_KM: Record<Precision, number> = { country: 500, admin1: 120, city: 0, point: 0 };

/** The place with its surroundings, the place in the middle. */
export function PlaceMap({ place, severity }: { place: Location; severity: Severity }) {
  const { lat, lon, precision } = place;
  const scale = (WIDTH / 2 / REACH_KM[precision]) * EARTH_KM;
  const drawn = useMemo(() => {
    const projection = geoAzimuthalEqualArea()
      .rotate([-lon, -lat])
      .scale(scale)
      .translate([WIDTH / 2, HEIGHT / 2])
      .clipExtent([
        [0, 0],
        [WIDTH, HEIGHT],
      ]);
    const path = geoPath(projection).digits(1);
    return { land: path(land) ?? "", borders: path(borders) ?? "", lines: path(geoGraticule10()) ?? "" };
  }, [lat, lon, scale]);
  const blur = (BLUR_KM[precision] / EARTH_KM) * scale;
  return (
    <svg
      role="img"
      aria-label={en.map.place(place.name)}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="xMidYMid slice"
      className="block h-full w-full bg-sea"
    >
      <path d={drawn.lines} className="fill-none stroke-line" strokeWidth={0.5} />
      <path d={drawn.land} className="fill-land" />
      <path d={drawn.borders} className="fill-none stroke-land-line" strokeWidth={0.75} />
      {blur > 0 && (
        <circle
          cx={WIDTH / 2}
          cy={HEIGHT / 2}
          r={blur}
          className="fill-accent/10 stroke-accent"
          strokeDasharray="3 3"
        />
      )}
      <path
        d={SEVERITY_SHAPES[severity]}
        transform={`translate(${WIDTH / 2 - 8} ${HEIGHT / 2 - 8})`}
        strokeWidth={1.5}
        className={cx("stroke-panel", SEVERITY_FILL[severity])}
      />
    </svg>
  );
}
