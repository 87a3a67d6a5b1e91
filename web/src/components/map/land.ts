import type { Feature, FeatureCollection, Geometry, MultiLineString } from "geojson";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import world from "world-atlas/countries-110m.json";

type World = Topology<{ countries: GeometryCollection; land: GeometryCollection }>;
const topology = world as unknown as World;
/** Antarctica only takes room. */
const ANTARCTICA = "010";

/** Land as polygons, and the borders between countries, in degrees. Shipped with the app: no map server is asked. */
export const land: FeatureCollection<Geometry> = {
  type: "FeatureCollection",
  features: (feature(topology, topology.objects.countries) as FeatureCollection<Geometry>).features.filter(
    (country: Feature<Geometry>) => country.id !== ANTARCTICA,
  ),
};
export const borders: MultiLineString = mesh(topology, topology.objects.countries, (a, b) => a !== b);
