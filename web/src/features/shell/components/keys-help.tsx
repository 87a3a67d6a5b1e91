import { Modal } from "@/components/ui/modal";
import { en } from "@/messages/en";

export function KeysHelp({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Modal open={open} onClose={onClose} title={en.keys.title}>
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2.5 p-4 text-[13px]">
        {en.keys.rows.map(([key, meaning]) => (
          <div key={key} className="contents">
            <dt>
              <kbd className="rounded border border-line-strong bg-raised px-1.5 py-0.5 font-sans font-medium text-xs">
                {key}
              </kbd>
            </dt>
            <dd className="text-ink-2">{meaning}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
