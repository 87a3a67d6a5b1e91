// Every sentence about who works on what.
import type { LockLoss } from "@crisislens/client";
import type { Activity, ActivityKind, ItemEdit, LockAction, LockChange } from "@/lib/api/types";
import { statusName } from "./en";

const lockActs: Record<LockAction, string> = {
  taken: "began to edit",
  taken_over: "took the lock over",
  forced: "took the lock from its holder",
  moved: "went on in another tab",
  requested: "asked for the lock",
  refused: "kept the lock",
  released: "gave the lock back",
  expired: "held the lock until it ran out",
};

const acts: Record<ActivityKind, string> = {
  joined: "came",
  left: "left",
  locked: "began to edit",
  unlocked: "gave the lock back",
  edited: "changed the item",
  verified: "verified the item",
  commented: "said:",
  acknowledged: "sees to its alert",
};

/** What somebody did, to stand behind their name. */
export function actText({ kind, data }: Activity): string {
  if (kind === "locked" || kind === "unlocked")
    return lockActs[(data as Partial<LockChange> | null)?.action ?? "taken"] ?? acts[kind];
  const { status, tags } = (data ?? {}) as ItemEdit;
  const changes = [
    status && `set the status to ${statusName[status] ?? status}`,
    tags && (tags.length > 0 ? `set the tags to ${tags.join(", ")}` : "took the tags off"),
  ].filter(Boolean);
  return changes.join(" and ") || (acts[kind] ?? kind);
}

/** The words of a comment; null for anything else. */
export const commentText = ({ kind, data }: Activity): string | null =>
  kind === "commented" ? ((data as { text?: string } | null)?.text ?? "") : null;

const losses: Record<LockLoss, (name: string) => string> = {
  forced: (name) => `${name} took the lock from you.`,
  taken_over: (name) => `${name} asked for the lock and took it.`,
  handed_over: () => "You handed the lock over.",
  moved: () => "You went on in another tab.",
  expired: () => "The lock ran out, because nothing was done here.",
  elsewhere: (name) => `${name} took the lock meanwhile.`,
};

export const lock = {
  somebody: "Somebody",
  edit: "Edit",
  save: "Save",
  saving: "Saving…",
  cancel: "Cancel",
  discard: "Discard the draft",
  tags: "Tags",
  tagsHint: "Words, with commas between them.",
  editing: "You are editing; nobody else can save until you are done.",
  heldBy: (name: string) => `${name} is editing this item`,
  heldByYou: "You are editing this item in another tab",
  since: "since",
  until: "They can save; you cannot until they are done or give it to you.",
  take: "Take the lock",
  takeHere: "Edit here instead",
  ask: "Ask for the lock",
  takeOver: "Take over",
  takeOverHint: "Takes the lock at once; it is noted in the audit log.",
  asked: (name: string) => `Asked ${name} for the lock.`,
  takenIn: (seconds: number) =>
    seconds > 0 ? `Yours in ${seconds} s, unless they keep it.` : "Taking the lock…",
  withdraw: "Never mind",
  busy: (name: string) => `${name} has asked for the lock before you. Try again in a minute.`,
  refused: (name: string) => `${name} keeps the lock.`,
  asks: (name: string) => `${name} asks for the lock`,
  asksHint: "Say nothing, and they may take it. What you have not saved stays here as a draft.",
  secondsLeft: (seconds: number) => (seconds > 0 ? `${seconds} s left` : "They may take it now"),
  keep: "Keep",
  handOver: "Hand over",
  lost: (why: LockLoss, name: string) => losses[why](name),
  reloaded: "These changes were not saved.",
  draftKept: "Your draft is kept in this tab and was not sent.",
  hasIt: (name: string) => `${name} has the lock now,`,
  nobodyHasIt: "Nobody has the lock now.",
  retaken: "The connection was away. You have the lock again.",
  retakenAfter:
    "The connection was away, and somebody else had the lock meanwhile. You have it again: look at what changed.",
  changed: "Changed since you began:",
  nobody: "Nobody is editing",
  yours: "You have the lock",
  failed: (why: string) => `The change was not saved. ${why}`,
  conflict: "The item has changed meanwhile and was fetched again. Look once more, then save.",
  activity: "Activity",
  comment: "Comment",
  commentHint: "Type @ and a name to tell a colleague.",
  send: "Send",
  sending: "Sending…",
  notSaid: (why: string) => `The comment was not sent. ${why}`,
  noActivity: "Nobody has done anything here yet.",
  showAll: (count: number) => `Show all ${count}`,
  edits: "editing",
};
