import type { NextConfig } from "next";

/** A static site: the CrisisLens server serves `out/` on the same origin as the API. */
const config: NextConfig = {
  output: "export",
  images: { unoptimized: true },
  poweredByHeader: false,
  reactStrictMode: true,
  devIndicators: false,
};

export default config;
