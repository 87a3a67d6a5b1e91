import { beforeEach, describe, expect, it } from "vitest";
import { eachInItsWorld, inWorld, last, tick, world } from "./bed.ts";
import { FakeLocks, RESOURCE } from "./fake-locks.ts";
import { LockKeeper } from "./lock-keeper.ts";

const MINUTE = 60_000;
let locks: FakeLocks;
let keeper: LockKeeper;
let heard: string[];

const count = (request: string) => locks.asked.filter((each) => each.startsWith(request)).length;
const tell = async (...update: Parameters<FakeLocks["update"]>) => {
  last().say({ ...locks.update(...update) });
  await tick();
};
const take = async () => {
  const lock = await keeper.take();
  await tick();
  return lock;
};
/** The holder works for so long. */
const work = async (ms: number) => {
  for (let done = 0; done < ms; done += 5_000) {
    keeper.touch();
    await tick(5_000);
  }
};
/** The connection is cut and comes back as another session. */
async function comeBack(meanwhile: () => void = () => undefined, ms = 1_000) {
  last().cut();
  meanwhile();
  await tick(ms);
  last().hello("s2");
  last().joined(RESOURCE, "q1");
  await tick();
}

eachInItsWorld();
beforeEach(async () => {
  locks = new FakeLocks();
  inWorld({ fetch: locks.fetch, pingEveryMs: Number.POSITIVE_INFINITY });
  keeper = new LockKeeper(world.client, RESOURCE);
  heard = [];
  keeper.on("taken", ({ token }) => heard.push(`taken ${token}`));
  keeper.on("retaken", ({ lock, wasElsewhere }) =>
    heard.push(`retaken ${lock.token}${wasElsewhere ? " after somebody else" : ""}`),
  );
  keeper.on("lost", (why) => heard.push(`lost ${why}`));
  keeper.on("asked", ({ name }) => heard.push(`asked ${name}`));
  keeper.on("refused", ({ holder }) => heard.push(`refused ${holder.name}`));
  keeper.start();
  world.client.connect();
  await tick();
  last().hello();
  last().joined(RESOURCE, "q0");
  await tick();
});

describe("a lock", () => {
  it("is taken for this connection, written with, and given back", async () => {
    expect(keeper.getState()).toMatchObject({ isKnown: true, lock: null, mine: false });
    expect((await take())?.holder.connection).toBe("s");
    expect(keeper.getState()).toMatchObject({ mine: true, token: 1, lost: null });
    expect(await keeper.write(async (token) => token)).toBe(1);
    await keeper.release();
    expect(keeper.getState()).toMatchObject({ mine: false, token: null, lock: null, lost: null });
    expect(heard).toEqual(["taken 1"]);
    expect(locks.lock).toBeNull();
  });

  it("of somebody else is not taken, and followed by what the room is told", async () => {
    locks.as("v");
    expect(await take()).toBeNull();
    expect(keeper.getState().lock?.holder.name).toBe("V");
    locks.lock = null;
    await tell("released", "v");
    expect(keeper.getState().lock).toBeNull();
    locks.as("w");
    await tell("taken");
    expect(keeper.getState()).toMatchObject({ mine: false, lost: null, lock: { holder: { name: "W" } } });
  });

  it("that nobody else is told of any more is looked at when it should have ended", async () => {
    locks.as("v");
    await tell("taken");
    await tick(4 * MINUTE);
    const looks = count("GET look");
    // Renewing is told to nobody.
    locks.lock = { ...locks.as("v"), token: 1 };
    await tick(2 * MINUTE);
    expect(count("GET look")).toBe(looks + 1);
    expect(keeper.getState().lock?.holder.name).toBe("V");
    await tick(5 * MINUTE);
    expect(keeper.getState().lock).toBeNull();
  });

  it("is given back when the keeper closes", async () => {
    await take();
    keeper.close();
    await tick();
    expect(locks.lock).toBeNull();
    expect(keeper.getState().mine).toBe(false);
  });

  it("is looked at now and then where the room tells nothing", async () => {
    last().cut();
    await tick();
    locks.as("v");
    await tick(30_000);
    expect(keeper.getState().lock?.holder.name).toBe("V");
  });
});

describe("renewing", () => {
  it("goes by what the holder does, at most once a minute", async () => {
    await take();
    await work(10 * MINUTE);
    expect(count("PUT lock 1")).toBeGreaterThanOrEqual(8);
    expect(count("PUT lock 1")).toBeLessThanOrEqual(10);
    expect(keeper.getState().mine).toBe(true);
  });

  it("happens at half the lease where the last thing done was just after the last time", async () => {
    await take();
    await tick(1_000);
    keeper.touch();
    await tick(148_000);
    expect(count("PUT")).toBe(0);
    await tick(1_000);
    expect(count("PUT")).toBe(1);
  });

  it("ends with the work: the lock expires, and it is told", async () => {
    await take();
    await tick(5 * MINUTE + 1_000);
    expect(count("PUT")).toBe(0);
    expect(keeper.getState()).toMatchObject({ mine: false, token: null, lost: "expired", lock: null });
    expect(heard).toEqual(["taken 1", "lost expired"]);
    keeper.letGo();
    expect(keeper.getState().lost).toBeNull();
  });

  it("takes the lock anew before its half hour is over", async () => {
    await take();
    await work(45 * MINUTE);
    expect(keeper.getState()).toMatchObject({ mine: true, token: 2, lost: null });
    expect(heard).toEqual(["taken 1"]);
  });

  it("is tried again when the server is away", async () => {
    await take();
    await tick(MINUTE);
    locks.isAway = true;
    keeper.touch();
    await tick(10_000);
    expect(keeper.getState().mine).toBe(true);
    locks.isAway = false;
    await tick(2_000);
    expect(Date.parse(locks.lock?.expires_at ?? "") - Date.now()).toBeGreaterThan(290_000);
  });
});

describe("losing it", () => {
  it("to an approver is told with the new holder", async () => {
    await take();
    locks.as("v");
    await tell("forced");
    expect(keeper.getState()).toMatchObject({ mine: false, token: null, lost: "forced" });
    expect(keeper.getState().lock?.holder.name).toBe("V");
    expect(heard).toEqual(["taken 1", "lost forced"]);
  });

  it("to one's own other tab is told as that", async () => {
    await take();
    locks.as("u", "another tab");
    await tell("moved");
    expect(keeper.getState().lost).toBe("moved");
  });

  it("shows at a write that is refused, before the room has told", async () => {
    await take();
    locks.as("v");
    const write = keeper.write(async () => {
      throw new Error("412");
    });
    await expect(write).rejects.toThrow("412");
    expect(keeper.getState()).toMatchObject({ mine: false, lost: "elsewhere" });
    expect(keeper.getState().lock?.holder.name).toBe("V");
  });

  it("is not believed of old news, nor of our own taking that comes before its answer", async () => {
    locks.as("v");
    const old = locks.update("taken");
    locks.lock = null;
    const freed = locks.update("released", "v");
    await tick(1_000);
    const taking = keeper.take();
    await tick();
    await tell("taken", "u");
    await taking;
    last().say({ ...old });
    last().say({ ...freed });
    await tick();
    expect(keeper.getState()).toMatchObject({ mine: true, token: 2, lost: null });
    expect(heard).toEqual(["taken 2"]);
  });
});

describe("after the connection was away", () => {
  it("the lock is taken again for the new connection", async () => {
    await take();
    await comeBack();
    expect(locks.lock?.holder.connection).toBe("s2");
    expect(keeper.getState()).toMatchObject({ mine: true, token: 2 });
    expect(heard).toEqual(["taken 1", "retaken 2"]);
  });

  it("so is one that was freed, with a word where somebody had it in between", async () => {
    await take();
    await comeBack(() => {
      locks.as("v");
      locks.lock = null;
    });
    expect(keeper.getState()).toMatchObject({ mine: true, token: 3 });
    expect(heard).toEqual(["taken 1", "retaken 3 after somebody else"]);
  });

  it("one that somebody else has is lost", async () => {
    await take();
    await comeBack(() => locks.as("v"));
    expect(keeper.getState()).toMatchObject({ mine: false, lost: "elsewhere" });
    expect(locks.lock?.holder.user_id).toBe("v");
  });

  it("one that has ended is lost, and not taken again behind the holder's back", async () => {
    await take();
    locks.isAway = true;
    last().cut();
    await tick(6 * MINUTE);
    locks.isAway = false;
    await tick(15_000);
    expect(keeper.getState()).toMatchObject({ mine: false, lost: "expired" });
    expect(locks.present()).toBeNull();
  });
});

describe("asking", () => {
  it("takes it by itself when 20 seconds are over and nobody has refused", async () => {
    locks.as("v");
    expect(await keeper.ask()).toBe("asked");
    expect(keeper.getState().request).toMatchObject({
      user_id: "u",
      isOurs: true,
      dueAt: Date.now() + 20_000,
    });
    await tick(19_900);
    expect(count("POST lock")).toBe(0);
    await tick(1_000);
    expect(keeper.getState()).toMatchObject({ mine: true, token: 2, request: null });
    expect(heard).toEqual(["taken 2"]);
  });

  it("takes it at once when its holder gives it back", async () => {
    locks.as("v");
    await keeper.ask();
    locks.lock = null;
    await tell("released", "v");
    expect(keeper.getState().mine).toBe(true);
  });

  it("ends with a refusal", async () => {
    const lock = locks.as("v");
    await keeper.ask();
    locks.lock = { ...lock, request: null };
    await tell("refused");
    expect(keeper.getState()).toMatchObject({ mine: false, request: null });
    await tick(30_000);
    expect(count("POST lock")).toBe(0);
    expect(heard).toEqual(["refused V"]);
  });

  it("takes nothing once it was withdrawn, or when somebody else has asked before", async () => {
    locks.as("v");
    await keeper.ask();
    keeper.withdraw();
    await tick(30_000);
    expect(count("POST lock")).toBe(0);
    await tick(MINUTE);
    expect(keeper.getState().request).toBeNull();
    locks.ask("w");
    expect(await keeper.ask()).toBe("busy");
    expect(keeper.getState().request).toMatchObject({ name: "W", isOurs: false });
  });

  it("takes what nobody holds", async () => {
    expect(await keeper.ask()).toBe("taken");
    expect(keeper.getState().mine).toBe(true);
  });
});

describe("being asked", () => {
  beforeEach(async () => {
    await take();
    locks.ask("v");
    await tell("requested", "v");
  });

  it("is told with the time there is to refuse", async () => {
    expect(heard).toEqual(["taken 1", "asked V"]);
    expect(keeper.getState().request).toMatchObject({ name: "V", isOurs: false, dueAt: Date.now() + 20_000 });
    await keeper.refuse();
    expect(locks.lock?.request).toBeNull();
    expect(keeper.getState()).toMatchObject({ mine: true, request: null });
  });

  it("ends with the lock handed over, which is no loss that surprises", async () => {
    await keeper.handOver();
    expect(locks.lock).toBeNull();
    expect(keeper.getState()).toMatchObject({ mine: false, lost: "handed_over" });
    locks.as("v");
    await tell("taken");
    expect(keeper.getState()).toMatchObject({ lost: "handed_over", lock: { holder: { name: "V" } } });
  });

  it("ends with the lock taken over where nothing is said", async () => {
    await tick(21_000);
    locks.as("v");
    await tell("taken_over");
    expect(keeper.getState()).toMatchObject({ mine: false, lost: "taken_over" });
  });

  it("is forgotten when nothing comes of it", async () => {
    await work(MINUTE);
    expect(keeper.getState()).toMatchObject({ mine: true, request: null });
  });
});

it("force takes it from whoever has it", async () => {
  locks.as("v");
  await tell("taken");
  await keeper.force();
  expect(keeper.getState()).toMatchObject({ mine: true, token: 2 });
});
