import { describe, expect, it } from "vitest";
import { filterOf, filterQuery, inBox, without } from "./filter";

describe("a filter", () => {
  it("goes to the address bar and back", () => {
    const query = "?bbox=170%2C-30%2C-170%2C0&q=river&severity=critical%2Chigh&source=gdacs%2Cusgs";
    const filter = filterOf(new URLSearchParams(query));
    expect(filter).toEqual({
      q: "river",
      severity: ["critical", "high"],
      source: ["gdacs", "usgs"],
      bbox: [170, -30, -170, 0],
    });
    expect(filterQuery(filter)).toBe(query);
    expect(filterQuery(without(filter, "bbox"), { limit: 5 })).not.toContain("bbox");
  });

  it("leaves out what no one can mean", () => {
    expect(filterOf(new URLSearchParams("severity=awful&bbox=1,2,x&min_risk=7&q=%20&hazard="))).toEqual({});
    expect(filterQuery({})).toBe("");
  });

  it("knows a box across the antimeridian", () => {
    expect(inBox([170, -30, -170, 0], -18.1, 178.4)).toBe(true);
    expect(inBox([170, -30, -170, 0], 48.9, 2.35)).toBe(false);
  });
});
