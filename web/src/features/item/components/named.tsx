import { Panel } from "@/components/ui/panel";
import type { Item } from "@/lib/api/types";
import { cx } from "@/lib/cx";
import { en } from "@/messages/en";

/** What the text names and touches, and the words people put on it. Nothing at all when there is none. */
export function Named({ item }: { item: Item }) {
  const entities = [
    ...new Map(item.entities.map((entity) => [`${entity.kind} ${entity.text}`, entity])).values(),
  ];
  const groups = [
    { name: en.item.entities, words: entities.map((entity) => ({ text: entity.text, note: entity.kind })) },
    {
      name: en.item.topics,
      words: item.topics.map((text) => ({ text: text.replaceAll("_", " "), note: "" })),
    },
    { name: en.item.tags, words: item.tags.map((text) => ({ text, note: "" })) },
  ].filter((group) => group.words.length > 0);
  if (groups.length === 0) return null;
  return (
    <Panel
      id="named"
      title={groups.map((group) => group.name).join(" · ")}
      bodyClass="flex flex-col gap-3 p-4"
    >
      {groups.map((group) => (
        <div
          key={group.name}
          className={cx("grid gap-x-4 gap-y-1", groups.length > 1 && "sm:grid-cols-[6rem_1fr]")}
        >
          <h3 className={cx("text-ink-3 text-xs leading-6", groups.length === 1 && "sr-only")}>
            {group.name}
          </h3>
          <ul className="flex min-w-0 flex-wrap content-start items-start gap-1.5">
            {group.words.map(({ text, note }) => (
              <li
                key={`${note} ${text}`}
                dir="auto"
                className="max-w-full break-words rounded bg-raised px-2 py-0.5 text-[13px]"
              >
                {text}
                {note && <span className="ml-1.5 text-2xs text-ink-3">{note}</span>}
              </li>
            ))}
          </ul>
        </div>
      ))}
    </Panel>
  );
}
