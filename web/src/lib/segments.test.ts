import { expect, it } from "vitest";
import { encodingOf, segmentsOf } from "./segments";

const lengths = (text: string) => segmentsOf(text).parts.map(({ units }) => units);

it("texts take as many segments as networks charge", () => {
  const cases: [string, number[]][] = [
    ["", []],
    ["x".repeat(160), [160]],
    ["x".repeat(161), [153, 8]],
    ["x".repeat(307), [153, 153, 1]],
    [`€${"x".repeat(158)}`, [160]],
    [`€${"x".repeat(159)}`, [153, 8]],
    ["Á".repeat(70), [70]],
    ["Á".repeat(71), [67, 4]],
    ["ж".repeat(135), [67, 67, 1]],
  ];
  for (const [text, expected] of cases) expect(lengths(text), text).toEqual(expected);
  expect(encodingOf("@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\n[]{}")).toBe("GSM-7");
  for (const alone of "Áçíóú`") expect(encodingOf(alone), alone).toBe("UCS-2");
  expect(segmentsOf("[]").units).toBe(4);
  expect(segmentsOf("[]ж").units).toBe(3);
});

it("what takes two units is not split, and nothing is lost", () => {
  const escaped = `${"x".repeat(152)}€${"x".repeat(152)}`;
  expect([segmentsOf(escaped).units, lengths(escaped)]).toEqual([306, [152, 153, 1]]);
  const paired = `${"ж".repeat(66)}😀${"ж".repeat(66)}`;
  expect([segmentsOf(paired).units, lengths(paired)]).toEqual([134, [66, 67, 1]]);
  for (const text of [escaped, paired, "पानी बढ़ रहा है। ".repeat(20)])
    expect(
      segmentsOf(text)
        .parts.map((part) => part.text)
        .join(""),
    ).toBe(text);
});

it("is split as the server says it is sent", () => {
  expect(segmentsOf("x".repeat(71), "UCS-2").parts.map(({ units, room }) => [units, room])).toEqual([
    [67, 67],
    [4, 67],
  ]);
});
