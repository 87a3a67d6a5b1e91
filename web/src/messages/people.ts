// Every sentence about finding a colleague by name.
export const people = {
  list: "Colleagues",
  found: (count: number) =>
    `${count === 1 ? "1 colleague" : `${count} colleagues`}. Arrow keys move, Enter takes one.`,
  hint: "Type how the name begins.",
  nobody: "Nobody has such a name.",
  failed: (why: string) => `Colleagues could not be looked for. ${why}`,
  you: "you",
} as const;
