import { expect, it } from "vitest";
import { clock, endsNextDay, nights, placed, quietHoursOf, quietWeek, rangeOf, toggled } from "./quiet-week";

const range = (days: number[], start: string, end: string) => ({ key: 0, days, start, end });
const words = (ranges: Parameters<typeof quietWeek>[0]) =>
  quietWeek(ranges).map((day) => day.map(({ from, to }) => `${clock(from)}-${clock(to)}`).join(" "));

it("a range goes to the API and back; every day is no day there", () => {
  const night = { days: [], start: "22:00:00", end: "07:00:00" };
  expect(rangeOf(night, 4)).toEqual({ ...nights(4), days: [1, 2, 3, 4, 5, 6, 7] });
  expect(quietHoursOf(rangeOf(night, 4))).toEqual(night);
  const odd = { days: [2, 6], start: "12:30:00", end: "13:00:15" };
  expect(quietHoursOf(rangeOf(odd, 0))).toEqual(odd);
  expect(rangeOf({ ...odd, days: [6, 2, 6] }, 0).days).toEqual([2, 6]);
});

it("a night reaches into the next day, Sunday's into Monday", () => {
  expect(words([range([7], "22:00", "07:00")])).toEqual(["00:00-07:00", "", "", "", "", "", "22:00-24:00"]);
  expect(words([range([3], "22:00", "00:00")])).toEqual(["", "", "22:00-24:00", "", "", "", ""]);
  expect(words([range([3], "09:15", "17:45")])[2]).toBe("09:15-17:45");
});

it("what touches or overlaps is one, and what is no time is none", () => {
  const ranges = [range([1], "22:00", "07:00"), range([2], "07:00", "09:00"), range([2], "08:00", "08:30")];
  expect(words(ranges)).toEqual(["22:00-24:00", "00:00-09:00", "", "", "", "", ""]);
  expect(words([range([1], "08:00", "08:00"), range([1], "", "09:00"), range([], "01:00", "02:00")])).toEqual(
    Array(7).fill(""),
  );
});

it("knows where a bar lies, and whether a range ends on the next day", () => {
  expect(placed({ from: 360, to: 1080 })).toEqual({ left: "25%", width: "50%" });
  expect(
    [range([1], "22:00", "07:00"), range([1], "07:00", "22:00"), range([1], "", "22:00")].map(endsNextDay),
  ).toEqual([true, false, false]);
});

it("days stay in the week's order", () => {
  expect(toggled([1, 7], 3)).toEqual([1, 3, 7]);
  expect(toggled([1, 3, 7], 3)).toEqual([1, 7]);
});
