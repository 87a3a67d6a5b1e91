// @vitest-environment node
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { decode, isEvent } from "./events.ts";

interface Message {
  payload: { allOf?: unknown[] };
  examples: { payload: { type: string } }[];
}

const description = new URL("../../../../docs/api/asyncapi.json", import.meta.url);
const { components, operations } = JSON.parse(readFileSync(description, "utf8"));
const told: string[] = operations.socket_tells.messages.map(({ $ref }: { $ref: string }) =>
  $ref.split("/").at(-1),
);

it.each(told)("%s is taken for an event, or for none, as the server describes it", (kind) => {
  const { payload, examples }: Message = components.messages[kind];
  expect(examples.length).toBeGreaterThan(0);
  for (const { payload: example } of examples) {
    const frame = decode(JSON.stringify(example));
    expect(frame).toEqual(example);
    expect(frame && isEvent(frame)).toBe(payload.allOf !== undefined);
  }
});

it("what is no frame is none", () => {
  for (const text of ["", "null", "[]", '{"type":1}', new ArrayBuffer(1)]) expect(decode(text)).toBeNull();
});
