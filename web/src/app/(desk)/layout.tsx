import type { ReactNode } from "react";
import { Desk } from "@/features/shell/components/desk";

export default function DeskLayout({ children }: { children: ReactNode }) {
  return <Desk>{children}</Desk>;
}
