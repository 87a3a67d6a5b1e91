/** Names and values of a record, such as its headers. */
export function HeaderList({
  title,
  headers,
}: {
  title: string;
  headers: { name: string; value?: string; value_base64?: string }[];
}) {
  if (headers.length === 0) return null;
  return (
    <dl aria-label={title} className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-xs">
      {headers.map(({ name, value, value_base64 }, index) => (
        // Headers may repeat: their place tells them apart.
        <div key={`${name} ${String(index)}`} className="contents">
          <dt className="text-ink-3">{name}</dt>
          <dd className="break-words">{value ?? value_base64}</dd>
        </div>
      ))}
    </dl>
  );
}
