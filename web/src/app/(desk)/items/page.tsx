import type { Metadata } from "next";
import { Suspense } from "react";
import { ItemPage } from "@/features/item/components/item-page";
import { en } from "@/messages/en";

export const metadata: Metadata = { title: en.item.details };

export default function Page() {
  return (
    <Suspense>
      <ItemPage />
    </Suspense>
  );
}
