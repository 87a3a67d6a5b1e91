"use client";
import { SlidersHorizontal } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Modal } from "@/components/ui/modal";
import type { ItemFilter } from "@/lib/api/filter";
import { en } from "@/messages/en";
import { FilterFields } from "./filter-fields";

/** The filters on a small screen: a button, and a sheet from below. */
export function FilterSheet({
  filter,
  onChange,
}: {
  filter: ItemFilter;
  onChange: (next: ItemFilter) => void;
}) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <SlidersHorizontal aria-hidden="true" className="size-3.5" />
        {en.filters.open(Object.keys(filter).length)}
      </Button>
      <Modal
        open={open}
        onClose={() => setOpen(false)}
        title={en.filters.title}
        shape="sheet"
        footer={
          <div className="flex gap-2">
            <Button className="flex-1" onClick={() => onChange({})}>
              {en.filters.clear}
            </Button>
            <Button look="primary" className="flex-1" onClick={() => setOpen(false)}>
              {en.filters.done}
            </Button>
          </div>
        }
      >
        <FilterFields filter={filter} onChange={onChange} />
      </Modal>
    </>
  );
}
