import { expect, it } from "vitest";
import { editable, isJson, readable, toBase64 } from "./value";

it("lays JSON out, shows text as it is, and anything else as base64", () => {
  expect(readable({ value: { a: [1] } })).toEqual({ kind: "text", text: '{\n  "a": [\n    1\n  ]\n}' });
  expect(readable({ value: null })).toEqual({ kind: "text", text: "null" });
  expect(readable({ value_base64: toBase64("näh, 地震") })).toEqual({ kind: "text", text: "näh, 地震" });
  expect(readable({ value_base64: "wyg=" })).toEqual({ kind: "binary", bytes: 2, base64: "wyg=" });
  expect(readable({})).toEqual({ kind: "none" });
});

it("lets a value be edited letter by letter, so that no number is rounded on the way", () => {
  const text = '{"id": 12345678901234567890}';
  const record = { value: JSON.parse(text), value_text: text, headers: [], death: {} };
  expect(editable(record)).toBe(text);
  expect(editable({ value_base64: "wyg=", headers: [], death: {} })).toBeNull();
  expect(editable({ headers: [], death: {} })).toBe("");
  expect([isJson("{}"), isJson("{")]).toEqual([true, false]);
});
