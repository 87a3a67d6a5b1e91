// Short messages in segments, as networks send and charge them (3GPP TS 23.038 and 23.040): after crates/notify/src/protocol/segments.rs.

export type Encoding = "GSM-7" | "UCS-2";

/** The GSM 7-bit default alphabet, without the escape. */
const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
/** Its extension: each is an escape and a septet. */
const EXTENSION = new Set("\f^{}\\[~]|€");

/** Units of a message that is one segment, and of each of several. */
const ROOM: Record<Encoding, [number, number]> = { "GSM-7": [160, 153], "UCS-2": [70, 67] };

export interface Segment {
  text: string;
  units: number;
  /** Units that fit into it. */
  room: number;
}

export interface Segments {
  encoding: Encoding;
  units: number;
  parts: Segment[];
}

/** The narrowest encoding that has every character of `text`. */
export function encodingOf(text: string): Encoding {
  return [...text].every((character) => BASIC.has(character) || EXTENSION.has(character)) ? "GSM-7" : "UCS-2";
}

/** `text` as it is split; what takes two units is never split itself. */
export function segmentsOf(text: string, encoding: Encoding = encodingOf(text)): Segments {
  const [alone, each] = ROOM[encoding];
  const characters = [...text].map((character) => ({ character, units: unitsOf(character, encoding) }));
  const units = characters.reduce((sum, one) => sum + one.units, 0);
  const room = units <= alone ? alone : each;
  const parts: Segment[] = [];
  for (const one of characters) {
    const last = parts.at(-1);
    if (last && last.units + one.units <= room) {
      last.text += one.character;
      last.units += one.units;
    } else parts.push({ text: one.character, units: one.units, room });
  }
  return { encoding, units, parts };
}

function unitsOf(character: string, encoding: Encoding): number {
  if (encoding === "UCS-2") return character.length;
  return EXTENSION.has(character) ? 2 : 1;
}
