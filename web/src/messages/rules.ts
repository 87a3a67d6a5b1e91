// Every sentence about what keeps alerts from people, and who is told of those that nobody acknowledges.
import type { KindWords } from "@/components/set-up/kind";
import type { Shared } from "@/lib/api/rule-types";
import type { Role } from "@/lib/api/types";

const number = new Intl.NumberFormat("en");
const plural = (count: number, one: string, many: string) =>
  `${number.format(count)} ${count === 1 ? one : many}`;

export const roleName: Record<Role, string> = {
  viewer: "Viewers",
  analyst: "Analysts",
  approver: "Approvers",
  admin: "Admins",
};

export const sharedName: Record<Shared, string> = {
  country: "the same country",
  hazard: "the same hazard",
  area: "the same area",
};

export const silenceWords: KindWords = {
  list: "Silences",
  text: "Alerts and items that fit are told to nobody for a while. Corrections and withdrawals always get through.",
  add: "Add a silence",
  edit: "Edit silence",
  none: "No silences",
  noneText: "Nothing is silenced.",
  deleteText: "Alerts that come from now on are told again. What was held back is not sent later.",
};

export const windowWords: KindWords = {
  list: "Maintenance windows",
  text: "Alerts and items that fit are told to nobody at these hours of the week, such as those of siren tests.",
  add: "Add a window",
  edit: "Edit maintenance window",
  none: "No maintenance windows",
  noneText: "Alerts are told at all hours.",
  deleteText: "Alerts that come from now on are told at these hours, too.",
};

export const inhibitionWords: KindWords = {
  list: "Inhibitions",
  text: "While there is an alert that says it all, lesser ones are told to nobody.",
  add: "Add an inhibition",
  edit: "Edit inhibition",
  none: "No inhibitions",
  noneText: "No alert keeps another one back.",
  deleteText: "The lesser alerts are then told as well.",
};

export const teamWords: KindWords = {
  list: "Teams",
  text: "People who are told together: by a step of an escalation chain, or by the team's subscriptions.",
  add: "Add a team",
  edit: "Edit team",
  none: "No teams",
  noneText: "Add one to name several people at once in an escalation chain.",
  deleteText: "Steps of chains that name it tell nobody of it any more.",
};

const shared = {
  list: "Subscriptions",
  add: "Add a subscription",
  edit: "Edit subscription",
  none: "No subscriptions",
};

export const teamSubscriptionWords: KindWords = {
  ...shared,
  text: "Which alerts and items everybody in the team is told of, beside what they ask for themselves.",
  noneText: "Who is in it and has no other subscription is told of alerts of every place.",
  deleteText:
    "Who is in the team is then told of what their other subscriptions want. If there are none: of every alert.",
};

export const roleSubscriptionWords: KindWords = {
  ...shared,
  text: "Which alerts and items everybody with a role is told of, beside what they ask for themselves.",
  noneText: "Who has the role and no other subscription is told of alerts of every place.",
  deleteText:
    "Who has the role is then told of what their other subscriptions want. If there are none: of every alert.",
};

export const scheduleWords: KindWords = {
  list: "On-call schedules",
  text: "People who are on call one after the other. An escalation chain tells whoever has it then.",
  add: "Add a schedule",
  edit: "Edit on-call schedule",
  none: "No on-call schedules",
  noneText: "Nobody is on call.",
  deleteText: "Steps of chains that name it tell nobody by it any more.",
};

export const chainWords: KindWords = {
  list: "Escalation chains",
  text: "Who is told of an alert as long as nobody acknowledges it, step by step.",
  add: "Add a chain",
  edit: "Edit escalation chain",
  none: "No escalation chains",
  noneText: "Alerts that nobody acknowledges stay as they are.",
  deleteText: "Alerts that are on their way along it go on; new ones do not begin.",
};

export const rules = {
  title: "Who is told",
  text: "What keeps alerts from everybody, and whom they reach when nobody answers.",
  parts: "Parts of who is told",
  readOnly: "Approvers and admins can change these. Whoever runs this installation can give you the role.",
  match: "Which alerts",
  matchHint: "Those that fit every part that is given; with none, every alert.",
  fitting: (count: number, of: number) =>
    of === 0
      ? "No alert is in force now."
      : `${number.format(count)} of the ${plural(of, "alert", "alerts")} in force now ${count === 1 ? "fits" : "fit"}.`,
  amongNewest: (count: number) => `Only the newest ${number.format(count)} alerts were looked at.`,
  silencesAll: (until: string) =>
    `This silences every alert until ${until}. Choose a country, a hazard or another part to silence less.`,
  windowAll:
    "This silences every alert at these hours, every week. Choose a country, a hazard or another part to silence less.",
  silenceAll: "Yes, silence every alert",
  why: "Reason",
  whyHint: "People who ask why they were not told read it.",
  from: "From",
  until: "Until",
  between: (from: string, until: string) => `${from} to ${until}`,
  by: (author: string) => `by ${author}`,
  inForce: "In force",
  upcoming: "Not yet",
  over: "Over",
  noTime: "Give a date and a time.",
  endsBefore: "The end is not after the beginning.",
  noReason: "Say why.",
  noName: "Give it a name.",
  name: "Name",
  zoneHint: "The hours are meant in it.",
  hours: "Hours",
  noHours: "Add hours.",
  range: (count: number) => `Hours ${count}`,
  addRange: "Add hours",
  removeRange: (count: number) => `Remove hours ${count}`,
  everyDay: "every day",
  source: "While there is an alert like this",
  target: "Nobody is told of these",
  equal: "If they have",
  anyPlace: "whatever they have in common",
  within: "For how many minutes after it was last told",
  withinHint: "At most 10,080, which is a week.",
  notWithin: "1 to 10,080 minutes.",
  lasting: (minutes: number) =>
    minutes % 60 === 0
      ? `for ${plural(minutes / 60, "hour", "hours")}`
      : `for ${plural(minutes, "minute", "minutes")}`,
  members: "People",
  order: "People, in the order in which they follow each other",
  noPeople: "Nobody yet.",
  wantsPeople: "Add somebody.",
  addPerson: "Add a person",
  removeNamed: (name: string) => `Remove ${name}`,
  moveUp: (name: string) => `Move ${name} up`,
  handover: "Handed over",
  every: { day: "Every day", week: "Once a week" },
  on: "On",
  at: "At",
  startsOn: "Begins on",
  startsOnHint: "From the hand-over of this day on; the first in the list begins.",
  noDay: "Give a day.",
  overrides: "Stand-ins",
  overridesHint: "Somebody else has it for a while.",
  addOverride: "Add a stand-in",
  override: (count: number) => `Stand-in ${count}`,
  removeOverride: (count: number) => `Remove stand-in ${count}`,
  who: "Who",
  noWho: "Choose somebody.",
  onCall: "On call now",
  nobody: "nobody",
  daily: (time: string) => `Handed over every day at ${time}`,
  weekly: (day: string, time: string) => `Handed over on ${day} at ${time}`,
  since: (day: string) => `since ${day}`,
  standIns: (count: number) => plural(count, "stand-in", "stand-ins"),
  steps: "Steps",
  step: (count: number) => `Step ${count}`,
  addStep: "Add a step",
  removeStep: (count: number) => `Remove step ${count}`,
  noSteps: "Add a step.",
  wait: "Minutes after the step before",
  waitFirst: "Minutes after the alert",
  waitHint: "1 to 1,440.",
  waitFirstHint: "0 to 1,440; 0 is at once.",
  notWait: "Give a number of minutes that is allowed.",
  noRecipient: "Name a person, a team, a schedule or a role.",
  roles: "Everybody with a role",
  rolesTab: "Roles",
  subscriptionsOf: (name: string) => `Subscriptions of ${name}`,
  teams: "Teams",
  schedules: "On call",
  channels: "Channels",
  onThese: "On these",
  allChannels: "All that each person has",
  noChannel: "Choose a channel, or all.",
  repeat: "How often it begins again",
  repeatHint: "0 to 5. Then it ends, and every admin is told.",
  notRepeat: "0 to 5.",
  repeats: (count: number) => (count === 1 ? "begins again once" : `begins again ${count} times`),
  atOnce: "At once",
  after: (minutes: number) => `After ${number.format(minutes)} min`,
  inAll: "all channels",
  gone: "deleted",
} as const;
