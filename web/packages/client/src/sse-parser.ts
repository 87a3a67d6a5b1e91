/** One block of an event stream: what stands between two empty lines. */
export interface Block {
  id: string | undefined;
  data: string | undefined;
}

/** Longest unfinished line that is kept; no frame is nearly as long. */
const MAX_LINE = 4 << 20;

/** Takes an event stream in pieces and hands on each block once it is whole, comments included. */
export function blockReader(hand: (block: Block) => void): (text: string) => void {
  let rest = "";
  let block: Block & { isEmpty: boolean } = { id: undefined, data: undefined, isEmpty: true };
  const line = (text: string) => {
    if (text === "") {
      const { isEmpty, ...whole } = block;
      block = { id: undefined, data: undefined, isEmpty: true };
      if (!isEmpty) hand(whole);
      return;
    }
    block.isEmpty = false;
    const colon = text.indexOf(":");
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "id") block.id = value;
    if (field === "data") block.data = block.data === undefined ? value : `${block.data}\n${value}`;
  };
  return (text) => {
    rest += text;
    // A carriage return at the end may be half of a line's end.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    if (rest.length > MAX_LINE) throw new Error("a line of the event stream does not end");
    for (const each of lines) line(each);
  };
}
