import {
  Activity,
  Biohazard,
  CircleDashed,
  CloudLightning,
  Factory,
  Flame,
  type LucideIcon,
  Mountain,
  MountainSnow,
  ShieldAlert,
  Siren,
  Snowflake,
  Sprout,
  Thermometer,
  Tornado,
  TrainFront,
  Waves,
  Wind,
} from "lucide-react";
import type { HazardType } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { hazardName } from "@/messages/en";

const ICONS: Record<HazardType, LucideIcon> = {
  earthquake: Activity,
  tsunami: Waves,
  flood: Waves,
  tropical_cyclone: Wind,
  storm: CloudLightning,
  tornado: Tornado,
  winter: Snowflake,
  heat: Thermometer,
  drought: Sprout,
  wildfire: Flame,
  volcano: MountainSnow,
  landslide: Mountain,
  epidemic: Biohazard,
  technological: Factory,
  transport: TrainFront,
  violence: ShieldAlert,
  other: Siren,
  none: CircleDashed,
};

export function HazardIcon({ hazard, className }: { hazard: HazardType; className?: string }) {
  const Icon = ICONS[hazard] ?? Siren;
  return <Icon aria-hidden="true" className={cx("size-3.5 shrink-0", className)} />;
}

export function HazardLabel({ hazard, className }: { hazard: HazardType; className?: string }) {
  return (
    <span className={cx("inline-flex items-center gap-1.5 whitespace-nowrap", className)}>
      <HazardIcon hazard={hazard} />
      {hazardName[hazard] ?? hazard}
    </span>
  );
}
