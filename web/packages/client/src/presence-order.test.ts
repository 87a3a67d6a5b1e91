import { expect, it } from "vitest";
import { eachInItsWorld, last, live, world } from "./bed.ts";

const resource_id = "item:1";
const state = (seq: number) => last().say({ type: "presence_state", resource_id, seq, users: [] });
const update = (seq: number) =>
  last().say({ type: "presence_update", resource_id, seq, user_id: "v", action: "joined", active_users: [] });
const told = () =>
  world.frames.flatMap((frame) =>
    frame.type === "presence_state" || frame.type === "presence_update" ? [`${frame.type} ${frame.seq}`] : [],
  );
const asked = () => last().sent.filter(({ type }) => type === "get_presence");

eachInItsWorld();

it("passes over what a state had in it, and asks for all of it where something is missing", async () => {
  await live();
  state(3);
  update(4);
  state(6);
  for (const seq of [3, 4, 5, 6]) update(seq);
  state(5);
  update(7);
  expect(told()).toEqual(["presence_state 3", "presence_update 4", "presence_state 6", "presence_update 7"]);
  expect(asked()).toEqual([]);
  update(9);
  expect(asked()).toEqual([{ type: "get_presence", resource_id }]);
  state(9);
  update(10);
  expect(told().slice(-3)).toEqual(["presence_update 9", "presence_state 9", "presence_update 10"]);
  expect(asked()).toHaveLength(1);
});

it("counts anew when the room was joined again", async () => {
  await live();
  state(9);
  last().joined(resource_id, "q");
  state(1);
  update(2);
  expect(told()).toEqual(["presence_state 9", "presence_state 1", "presence_update 2"]);
});
