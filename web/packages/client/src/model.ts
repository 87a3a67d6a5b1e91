// Made from crates/model by scripts/generate.mjs; do not edit.

/** RFC 3339. */
export type Timestamp = string;

/** How bad it is, in rising order. (crates/model/src/severity.rs: Severity) */
export type Severity = "low" | "medium" | "high" | "critical";

/** Where an item stands in the desk's work. (crates/model/src/item.rs: ItemStatus) */
export type ItemStatus = "new" | "triaged" | "in_review" | "verified" | "dismissed";

/** A kind of hazard; `other` is a hazard of no listed kind, `none` is no hazard at all. (crates/model/src/hazard.rs: HazardType) */
export type HazardType =
  | "earthquake"
  | "tsunami"
  | "flood"
  | "tropical_cyclone"
  | "storm"
  | "tornado"
  | "winter"
  | "heat"
  | "drought"
  | "wildfire"
  | "volcano"
  | "landslide"
  | "epidemic"
  | "technological"
  | "transport"
  | "violence"
  | "other"
  | "none";

/** What sort of voice a source is; it decides trust and corroboration. (crates/model/src/source.rs: SourceKind) */
export type SourceKind = "official" | "media" | "social";

/** How risky, in three steps. (crates/model/src/risk.rs: RiskLevel) */
export type RiskLevel = "low" | "medium" | "high";

/** How exact a location is. (crates/model/src/place.rs: Precision) */
export type Precision = "country" | "admin1" | "city" | "point";

/** Whether an incident is still followed. (crates/model/src/incident.rs: IncidentStatus) */
export type IncidentStatus = "open" | "monitoring" | "closed";

/** Whether an alert counts. (crates/model/src/alert.rs: AlertStatus) */
export type AlertStatus = "draft" | "exercise" | "actual";

/** A way to reach a person. (crates/model/src/notification.rs: Channel) */
export type Channel = "inbox" | "email" | "sms" | "push" | "webhook";

/** What a notification is about. (crates/model/src/notification.rs: NotificationType) */
export type NotificationType =
  | "alert"
  | "correction"
  | "escalation"
  | "digest"
  | "new_item"
  | "high_risk"
  | "mention";

/** How far a delivery got, by rising rank: of what is told of one, in whatever order, the highest counts. (crates/model/src/notification.rs: DeliveryStatus) */
export type DeliveryStatus =
  | "queued"
  | "deferred"
  | "suppressed"
  | "canceled"
  | "expired"
  | "sending"
  | "sent"
  | "delivered"
  | "failed"
  | "read"
  | "acked";

/** The language of a text. (crates/model/src/item.rs: Language) */
export interface Language {
  /** ISO 639-1, or `und` where we cannot tell. */
  code: string;
  /** 0 to 1. */
  confidence: number;
}

/** A hazard with how sure we are and why. (crates/model/src/hazard.rs: HazardGuess) */
export interface HazardGuess {
  /** The kind. */
  type: HazardType;
  /** 0 to 1. */
  confidence: number;
  /** The words or the source statement that decided it. */
  why: string[];
}

/** Another place of the same name. (crates/model/src/place.rs: Alternative) */
export interface Alternative {
  /** What people call it. */
  name: string;
  /** ISO 3166-1 alpha-2, upper case. */
  country?: string;
  /** Latitude, −90 to 90. */
  lat: number;
  /** Longitude, −180 to 180. */
  lon: number;
  /** How exact it is. */
  precision: Precision;
  /** 0 to 1: its share of belief among all that the name may mean. */
  score: number;
}

/** A place with coordinates in degrees (WGS 84), and why we think so. (crates/model/src/place.rs: Location) */
export interface Location {
  /** What people call it. */
  name: string;
  /** Latitude, −90 to 90. */
  lat: number;
  /** Longitude, −180 to 180. */
  lon: number;
  /** ISO 3166-1 alpha-2, upper case; absent at sea or where unknown. */
  country?: string;
  /** Name of the first-level division. */
  admin1?: string;
  /** How exact it is. */
  precision: Precision;
  /** 0 to 1. */
  confidence: number;
  /** The words or the source statement that decided it. */
  why: string[];
  /** What else the name may mean, likeliest first, at most [`MAX_ALTERNATIVES`]; none where the source states the place. */
  alternatives?: Alternative[];
}

/** Whether an item informs about an emergency (CrisisLexT26, Olteanu et al. 2015: informative or not). (crates/model/src/relevance.rs: Relevance) */
export interface Relevance {
  /** Whether it does: at a probability of one half or more. */
  informative: boolean;
  /** Calibrated probability that it does, 0 to 1; 1 for an authority's bulletin. */
  probability: number;
}

/** A kind of humanitarian information (HumAID, Alam et al. 2021, without its rarest classes). (crates/model/src/relevance.rs: HumanitarianCategory) */
export type HumanitarianCategory =
  | "caution_and_advice"
  | "displaced_people_and_evacuations"
  | "infrastructure_and_utility_damage"
  | "injured_or_dead_people"
  | "missing_or_found_people"
  | "requests_or_urgent_needs"
  | "rescue_volunteering_or_donation_effort";

/** The likeliest kind of humanitarian information. (crates/model/src/relevance.rs: Humanitarian) */
export interface Humanitarian {
  /** The kind. */
  category: HumanitarianCategory;
  /** Its calibrated probability among the kinds, 0 to 1. */
  probability: number;
}

/** Something named in a text. (crates/model/src/item.rs: Entity) */
export interface Entity {
  /** `place`, `magnitude`, `casualties`, `hashtag`. */
  kind: string;
  /** As it stands in the text. */
  text: string;
  /** Byte offset in the text. */
  start: number;
}

/** One addend of a risk score. (crates/model/src/risk.rs: RiskPart) */
export interface RiskPart {
  /** What was looked at. */
  name: string;
  /** Its share of the score, 0 to 1; all shares sum to 1. */
  weight: number;
  /** What was found, 0 to 1. */
  value: number;
  /** `weight × value`; contributions sum to the score. */
  contribution: number;
  /** Why it was found so. */
  why: string;
}

/** What people found of a claim. (crates/model/src/claim.rs: Verdict) */
export type Verdict = "none" | "true" | "false" | "misleading" | "needs_investigation";

/** A published check of a claim (schema.org `ClaimReview`). (crates/model/src/raw_item.rs: ClaimReview) */
export interface ClaimReview {
  /** The claim that was checked, in the checker's words. */
  claim: string;
  /** Where the rating stands on its scale. */
  rating_value?: number;
  /** The scale's end that says true. */
  best_rating?: number;
  /** The scale's end that says false. */
  worst_rating?: number;
  /** The rating in the checker's words. */
  rating_text?: string;
  /** Who checked. */
  publisher?: string;
  /** `true`, `false` or `misleading`; `none` where the rating says neither. */
  verdict: Verdict;
}

/** What a source itself says in structured fields; official statements win over what is read from text. (crates/model/src/raw_item.rs: Stated) */
export interface Stated {
  /** Kind of hazard. */
  hazard?: HazardType;
  /** How bad, on our scale. */
  severity?: Severity;
  /** Latitude in degrees. */
  lat?: number;
  /** Longitude in degrees. */
  lon?: number;
  /** Name of the place or area. */
  place?: string;
  /** ISO 3166-1 alpha-2. */
  country?: string;
  /** Magnitude of an earthquake. */
  magnitude?: number;
  /** The producer's id of the happening (GDACS event id, GLIDE number, CAP incident), where several entries speak of one. */
  event_id?: string;
  /** Further ids of the same happening that the source names (GLIDE number, GDACS event id, activation code), each with its producer in front as in `glide:EQ-2001-000033-IND`. */
  other_event_ids?: string[];
  /** When the statement ceases to hold. */
  expires?: Timestamp;
  /** The published check of a claim that the entry is. Boxed: hardly any entry is one. */
  claim_review?: ClaimReview;
  /** The source has withdrawn the entry (CAP Cancel, deleted earthquake). */
  withdrawn?: boolean;
}

/** A place as a person gives it. (crates/model/src/item.rs: PlaceNamed) */
export interface PlaceNamed {
  /** What people call it. */
  name: string;
  /** Latitude, −90 to 90. */
  lat: number;
  /** Longitude, −180 to 180. */
  lon: number;
}

/** What people say that an item says, over what analysis made of it; what is absent stays as analysis has it. (crates/model/src/item.rs: ItemCorrection) */
export interface ItemCorrection {
  /** What happened; `none` where nothing did. */
  hazard?: HazardType;
  /** Where; null where it names no place. */
  location?: PlaceNamed | null;
  /** How bad. */
  severity?: Severity;
  /** The language, ISO 639-1, or `und`. */
  language?: string;
  /** Whether it informs about an emergency. What is put to a kind of humanitarian information informs. */
  informative?: boolean;
  /** What kind of humanitarian information it gives; null where it gives none. */
  humanitarian?: HumanitarianCategory | null;
}

/** A correction, and who made it. (crates/model/src/item.rs: PutRight) */
export interface PutRight {
  /** What it was put to. */
  to: ItemCorrection;
  /** By whom. */
  by: string;
  /** When. */
  at: Timestamp;
}

/** One thing said, with its hazard, place, severity and risk. (crates/model/src/item.rs: Item) */
export interface Item {
  /** UUIDv5 of source + source id, in an exercise another than in earnest; shared with the raw item. */
  id: string;
  /** Name of the source. */
  source: string;
  /** The source's own id for it. */
  source_id: string;
  /** What sort of voice the source is. */
  source_kind: SourceKind;
  /** Where a person can read it. */
  url?: string;
  /** Headline. */
  title?: string;
  /** What was said. */
  text: string;
  /** Who said it. */
  author?: string;
  /** When it was said. */
  timestamp: Timestamp;
  /** Language as the source states it. */
  language_hint?: string;
  /** Addresses of pictures and films. */
  media?: string[];
  /** What the source states in a structured form. */
  stated?: Stated;
  /** The entry as it came; only on `/api/items/{id}`, never in lists or on the log. */
  raw_data?: unknown;
  /** When we got it. */
  ingested_at: Timestamp;
  /** Detected language. */
  language: Language;
  /** What happened. */
  hazard: HazardGuess;
  /** Whether it informs about an emergency; absent where there are too few words to judge, or nobody has judged it. */
  relevance?: Relevance;
  /** What kind of humanitarian information it gives; absent where it informs of nothing. */
  humanitarian?: Humanitarian;
  /** Where; absent when nothing names a place. */
  location?: Location;
  /** Places, magnitudes and other things named in the text. */
  entities: Entity[];
  /** Subjects touched (casualties, evacuation, damage, …). */
  topics: string[];
  /** How bad. */
  severity: Severity;
  /** Why that severity. */
  severity_why?: string;
  /** 0 to 1: the sum of the parts' contributions. */
  risk_score: number;
  /** The addends of the score. */
  risk_parts: RiskPart[];
  /** `high` above 0.7, `medium` from 0.4. */
  risk_level: RiskLevel;
  /** What people have put right of this; it stays whatever the source says later. */
  corrected?: PutRight;
  /** The item this one repeats, of the same source. */
  duplicate_of?: string;
  /** The incident it belongs to. */
  incident_id?: string;
  /** Claims it makes. */
  claim_ids: string[];
  /** Where it stands in the desk's work. */
  status: ItemStatus;
  /** Who is on it. */
  assignee?: string;
  /** Words put on it by people. */
  tags: string[];
  /** Part of an exercise. */
  exercise?: boolean;
  /** Of which exercise, where people have started it: what is said in one never meets what is said in another. */
  exercise_id?: string;
  /** Which revision of the source's entry this is, from 1. */
  revision: number;
  /** Rises with every change; the ETag. */
  version: number;
}

/** A point with how many places it is the mean of. (crates/model/src/incident.rs: Centre) */
export interface Centre {
  /** Latitude in degrees. */
  lat: number;
  /** Longitude in degrees. */
  lon: number;
  /** Weight of the places it was drawn from. */
  weight: number;
}

/** What people have set of an incident, beside what was found. (crates/model/src/incident.rs: SetByPeople) */
export interface SetByPeople {
  /** What they call it. */
  title?: string;
  /** How bad they say it is; lapses once an item is worse than any before. */
  severity?: Severity;
  /** Where they say it stands; lapses with the severity. */
  status?: IncidentStatus;
  /** Who has set title or severity. */
  by?: string[];
  /** What it would be called. */
  found_title: string;
  /** How bad its items are. */
  found_severity: Severity;
}

/** How risky a happening is. (crates/model/src/incident.rs: Risk) */
export interface Risk {
  /** 0 to 1: the sum of the parts' contributions. */
  score: number;
  /** Its step. */
  level: RiskLevel;
  /** The addends. */
  parts: RiskPart[];
}

/** How many items each sort of source has said. (crates/model/src/incident.rs: Voices) */
export interface Voices {
  /** Authorities. */
  official: number;
  /** Newsrooms. */
  media: number;
  /** The public. */
  social: number;
}

/** Who stands behind it that an incident is grave: without an authority, the desk or two groups no rule of ours tells it as critical. (crates/model/src/incident.rs: Backing) */
export interface Backing {
  /** An authority says so, or people of the desk have put an item to it. */
  sure: boolean;
  /** Groups of voices that say so and are independent of each other, each by what its voices have in common (author, source, addresses that they quote). Two are enough: whatever joins them later, they stay. */
  groups: string[][];
}

/** One who has put right items of an incident. (crates/model/src/incident.rs: Corrector) */
export interface Corrector {
  /** Who. */
  by: string;
  /** When they did it last. */
  at: Timestamp;
}

/** A cluster of items about one happening. (crates/model/src/incident.rs: Incident) */
export interface Incident {
  /** Derived from the item that opened it. */
  id: string;
  /** What sort of happening. */
  hazard: HazardType;
  /** What people call it. */
  title: string;
  /** Name of the area. */
  area: string;
  /** ISO 3166-1 alpha-2 of the area, where known. */
  country?: string;
  /** Middle of the places named; absent where no item has one. */
  centre?: Centre;
  /** When its first item was said. */
  first_seen: Timestamp;
  /** When its last item was said. */
  last_seen: Timestamp;
  /** Items in it. */
  item_count: number;
  /** Different sources among them. */
  source_count: number;
  /** Those sources with their items. */
  sources: Record<string, number>;
  /** The worst severity of an item in it. */
  severity: Severity;
  /** The highest risk of an item in it. */
  risk_score: number;
  /** The risk of the happening itself, in eight parts; absent in what was stored before it was assessed. */
  risk?: Risk;
  /** Its items by who says them. */
  voices: Voices;
  /** Who stands behind it that it is grave; absent in what was stored before this was counted. */
  backing?: Backing;
  /** Copies of its items, which count among none of these. */
  copies: number;
  /** The producers' ids of the happening that its items carry. */
  event_ids: string[];
  /** The words that its texts use most, with about how many items use each; folded, at most 48. */
  words?: Record<string, number>;
  /** Whether it is still followed. */
  status: IncidentStatus;
  /** When we got its last item; absent in what was stored before this was noted. */
  heard_at?: Timestamp;
  /** What people have set of it. */
  set?: SetByPeople;
  /** Who has put right items that are in it or were, each with their last correction; the last 20 of them. */
  put_right?: Corrector[];
  /** The incident that people have merged it into: that one stands for it. */
  merged_into?: string;
  /** The incident that people have split it off from. */
  split_from?: string;
  /** Part of an exercise. */
  exercise?: boolean;
  /** Of which exercise, where people have started it: what is said in one never meets what is said in another. */
  exercise_id?: string;
  /** Rises with every change; the ETag. */
  version: number;
}

/** An item that joined an incident. (crates/model/src/incident.rs: JoinedItem) */
export interface JoinedItem {
  /** The item. */
  id: string;
  /** Its version after joining. */
  version: number;
}

/** The record on `normalized-items` when an incident changes: its new state, and the items that joined with this change. (crates/model/src/incident.rs: IncidentUpdate) */
export interface IncidentUpdate {
  /** The incident as it now stands. */
  incident: Incident;
  /** Items that joined it, with their new versions. */
  joined: JoinedItem[];
}

/** Where a claim stands in the desk's work. (crates/model/src/claim.rs: ClaimStatus) */
export type ClaimStatus = "new" | "processing" | "needs_review" | "verified" | "discarded";

/** What sort of fact a claim states. (crates/model/src/claim/slots.rs: ClaimTopic) */
export type ClaimTopic =
  | "deaths"
  | "injured"
  | "missing"
  | "displaced"
  | "magnitude"
  | "water_level"
  | "wind_speed"
  | "area"
  | "closure"
  | "shortage"
  | "outage"
  | "evacuation"
  | "damage"
  | "cases"
  | "cause"
  | "remedy"
  | "other";

/** A number as it was said: exact numbers have equal bounds. (crates/model/src/claim/slots.rs: Quantity) */
export interface Quantity {
  /** At least this. */
  low: number;
  /** At most this; absent after "more than" and "at least". */
  high?: number;
  /** `people`, `m`, `mm`, `km/h`, `ha`, `magnitude`, …; empty where it only counts. */
  unit: string;
}

/** Where a claim says that something is so. (crates/model/src/claim/slots.rs: ClaimPlace) */
export interface ClaimPlace {
  /** Its name. */
  name: string;
  /** Latitude in degrees. */
  lat: number;
  /** Longitude in degrees. */
  lon: number;
  /** ISO 3166-1 alpha-2. */
  country?: string;
}

/** The parts of what a claim states, so that claims can be compared. (crates/model/src/claim/slots.rs: Slots) */
export interface Slots {
  /** What it is about, in one word of a fixed list: `bridge`, `water`, `hospital` …; empty where the topic says it all. */
  subject: string;
  /** Whether it says that something is not so. */
  negated?: boolean;
  /** How many or how much. */
  quantity?: Quantity;
  /** Where. */
  place?: ClaimPlace;
  /** When it is said to have happened, where the text says so. */
  time?: Timestamp;
}

/** Which side a piece of evidence is on. (crates/model/src/claim/evidence.rs: Stance) */
export type Stance = "supports" | "refutes" | "neutral";

/** What sort of voice a piece of evidence is. (crates/model/src/claim/evidence.rs: EvidenceKind) */
export type EvidenceKind = "official" | "fact_check" | "report" | "manual";

/** How a claim stands before anybody has decided. (crates/model/src/claim/evidence.rs: Standing) */
export type Standing = "unconfirmed" | "supported" | "disputed" | "refuted";

/** One addend of the log-odds of a claim's likelihood. (crates/model/src/claim/evidence.rs: LikelihoodPart) */
export interface LikelihoodPart {
  /** What was looked at. */
  name: string;
  /** What was found. */
  value: number;
  /** What it adds to the log-odds. */
  contribution: number;
  /** Why it was found so. */
  why: string;
}

/** One piece of evidence. The stance is a suggestion until a person sets it. (crates/model/src/claim/evidence.rs: Evidence) */
export interface Evidence {
  /** Derived from the claim and the item or address. */
  id: string;
  /** What sort of voice. */
  kind: EvidenceKind;
  /** The item it is taken from, where it is one of ours. */
  item_id?: string;
  /** Where a person can read it. */
  url?: string;
  /** The sentence that decides. */
  text_snippet: string;
  /** Who says it. */
  source: string;
  /** 0 to 1: how often the source was right. */
  source_reliability: number;
  /** Which side it is on. */
  stance: Stance;
  /** −1 (against) to 1 (for). */
  support_score: number;
  /** Voices of one group count as one: copies, and sources of one owner. */
  group: string;
  /** When it was said. */
  said_at: Timestamp;
  /** Why this stance. */
  why: string;
  /** Whether a person has set the stance. */
  by_person?: boolean;
}

/** What was said, who says it, what speaks for and against it, and what was decided. (crates/model/src/claim.rs: Claim) */
export interface Claim {
  /** Derived from the item that made it first and what it states. */
  id: string;
  /** The sentence, as the first item has it or a person has put it. */
  text: string;
  /** ISO 639-1 of the sentence, or `und`. */
  language: string;
  /** The item that made it first. */
  normalized_item_id: string;
  /** The incident it belongs to. */
  incident_id?: string;
  /** What sort of hazard the item speaks of. */
  hazard: HazardType;
  /** What sort of fact. */
  topic: ClaimTopic;
  /** What it states, in parts. */
  slots: Slots;
  /** 0 to 1: whether it is worth checking. */
  checkworthiness: number;
  /** 0 to 1: how likely it is true, calibrated; 0.5 where nothing is known. */
  veracity_likelihood: number;
  /** How it stands. */
  standing: Standing;
  /** The addends of the likelihood's log-odds. */
  likelihood_parts: LikelihoodPart[];
  /** Independent groups that speak for it. */
  supporting_groups: number;
  /** Independent groups that speak against it. */
  refuting_groups: number;
  /** 0 to 1: what it would do if it were false and believed, or true and missed. */
  harm_potential: number;
  /** Why. */
  harm_why?: string;
  /** 0.5 × harm + 0.3 × (1 − likelihood) + 0.2 × check-worthiness. */
  risk_score: number;
  /** The score's step. */
  risk_level: RiskLevel;
  /** The evidence, the weightiest first. */
  evidence: Evidence[];
  /** Claims that say otherwise about the same thing. */
  contradicts: string[];
  /** The items that make it, the first first. */
  item_ids: string[];
  /** How many items make it, copies among them. */
  item_count: number;
  /** When it was said first. */
  first_said: Timestamp;
  /** When it was said last. */
  last_said: Timestamp;
  /** Where it stands in the desk's work. */
  status: ClaimStatus;
  /** What was found. It holds once the status is `verified`; before, it waits for a second person, or says that nobody can tell yet. */
  verdict: Verdict;
  /** Why, in the words of who decided. */
  reason?: string;
  /** Who decided. */
  decided_by?: string;
  /** Who agreed, where a second person must. */
  approved_by?: string;
  /** Notes of the desk. */
  notes?: string;
  /** Whether its risk was high when a person changed what the risk rests on: a verdict then needs a second person whatever the risk is now. */
  was_high_risk?: boolean;
  /** The claim that says the same and stands for this one, once people have put their incidents together. */
  joined_into?: string;
  /** Part of an exercise. */
  exercise?: boolean;
  /** Of which exercise, where people have started it: what is said in one never meets what is said in another. */
  exercise_id?: string;
  /** Rises with every change; the ETag. */
  version: number;
}

/** How a workflow stands. (crates/model/src/workflow.rs: WorkflowStatus) */
export type WorkflowStatus = "running" | "paused" | "retrying" | "completed" | "failed" | "cancelled";

/** What is done next, in order. (crates/model/src/workflow.rs: Step) */
export type Step =
  | "retrieve_evidence"
  | "assess_veracity"
  | "calculate_risk"
  | "human_review"
  | "second_approval"
  | "complete";

/** What a person said of a claim that waited for one. (crates/model/src/workflow.rs: ReviewStatus) */
export type ReviewStatus = "not_needed" | "pending" | "approved" | "rejected";

/** The verification of a claim. (crates/model/src/workflow.rs: Workflow) */
export interface Workflow {
  /** Derived from the claim and the round. */
  id: string;
  /** What is verified. */
  claim_id: string;
  /** From 1; another when new evidence makes it run again after its end. */
  round: number;
  /** How it stands. */
  status: WorkflowStatus;
  /** What is done next. */
  step: Step;
  /** The claim's version that the steps so far have looked at. */
  claim_version: number;
  /** The claim's risk, once it was calculated. */
  risk_score?: number;
  /** Whether a person must look. */
  needs_human_review: boolean;
  /** What they said. */
  human_review_status: ReviewStatus;
  /** Who decided first, where a second person must agree. */
  decided_by?: string;
  /** Tries of the present step. */
  attempts: number;
  /** What went wrong, the newest last. */
  errors: string[];
  /** Who started it; absent where it started by itself. */
  started_by?: string;
  /** When it began. */
  started_at: Timestamp;
  /** When it changed last. */
  updated_at: Timestamp;
  /** When its next step is due; of no meaning while it waits for a person or is over. */
  due_at: Timestamp;
  /** Rises with every change; the ETag. */
  version: number;
}

/** One alert per incident, revised as it grows. (crates/model/src/alert.rs: Alert) */
export interface Alert {
  /** Derived from the incident; shared by every revision. */
  id: string;
  /** From 1. */
  revision: number;
  /** The event id of the revision this one updates. */
  references?: string;
  /** The incident. */
  incident_id: string;
  /** The item that raised this revision. */
  item_id?: string;
  /** `alert` for the first, `update` for what has grown, `correction` for what was put right, `cancel` for the end. */
  type: string;
  /** How bad. */
  severity: Severity;
  /** One line. */
  title: string;
  /** What is known, and why this was raised. */
  message: string;
  /** Name of the area. */
  area: string;
  /** ISO 3166-1 alpha-2, where known. */
  country?: string;
  /** Middle of the area. */
  centre?: Centre;
  /** What sort of happening. */
  hazard: HazardType;
  /** Whether it counts. */
  status: AlertStatus;
  /** When it was raised. */
  effective: Timestamp;
  /** When it lapses. */
  expires: Timestamp;
  /** The rule that raised it first; `data.rules` names all that apply. */
  rule_id: string;
  /** Who approved it for everybody; without, it is for those inside. */
  approved_by?: string;
  /** Figures behind it: `risk_score`, `item_count`, `source_count`, `sources`, `why` it was raised, and the `rules` that apply (`id`, `name`, `why`, and the `severity` that one sets). Where a person has put it right, `corrected` (`title`, `message`, `severity`, `area` as far as they set them, and the `reason`), which later revisions keep until the incident is worse than `incident_severity`, which it was then. `hands` names the people who had a hand in what it says and whom nobody else has agreed to since: somebody else approves it. `put_right` names those who had put right items of its incident by then, and `agreed` what was approved last, if anything was. `held` says why it is told as less than its incident is. */
  data: { risk_score?: number; item_count?: number; source_count?: number; sources?: string[]; why?: string };
}

/** One try to hand a delivery over. (crates/model/src/notification.rs: Attempt) */
export interface Attempt {
  /** When it was begun. */
  at: Timestamp;
  /** Whom it was handed to. */
  provider: string;
  /** `accepted`, `retry`, `give_up`, `suppress`, `configuration` or `unknown`; missing while it is under way. */
  outcome?: string;
  /** In the provider's words. */
  why?: string;
}

/** One notification on one channel to one address. (crates/model/src/notification.rs: Delivery) */
export interface Delivery {
  /** Derived from the notification, the channel and the address. */
  id: string;
  /** The channel. */
  channel: Channel;
  /** Where it goes; for the inbox, and where it goes nowhere, nothing. */
  to?: string;
  /** How far it got. */
  status: DeliveryStatus;
  /** Who carried it: `inbox`, `outbox`, `smtp`, `sendgrid`, `twilio`, `fcm`, `web_push`, `webhook`. */
  provider?: string;
  /** The provider's id for it. */
  provider_id?: string;
  /** Not before this. */
  due_at?: Timestamp;
  /** When it is not worth sending any more. */
  expires_at?: Timestamp;
  /** When it was handed over. */
  sent_at?: Timestamp;
  /** The delivery that carries it together with others. */
  digest?: string;
  /** Each try; only where one delivery is asked for. */
  attempts?: Attempt[];
  /** Why it was or was not sent. */
  reason: string;
}

/** What a notification is about. (crates/model/src/notification.rs: About) */
export interface About {
  /** The alert it tells of. */
  alert_id?: string;
  /** The item it tells of. */
  item_id?: string;
  /** The incident of the item, or what was said something about. */
  incident_id?: string;
}

/** One message to one recipient. (crates/model/src/notification.rs: Notification) */
export interface Notification extends About {
  /** Derived from what it is about, its revision, and the recipient. */
  id: string;
  /** What sort of thing it tells. */
  type: NotificationType;
  /** Who gets it. */
  recipient: string;
  /** Which revision of the alert; 0 where it is about none. */
  revision: number;
  /** How urgent. */
  priority: Severity;
  /** The language it is written in. */
  locale: string;
  /** One line. */
  subject: string;
  /** Plain text. */
  body: string;
  /** The same for a small screen, in one paragraph. */
  short: string;
  /** Part of an exercise. */
  exercise?: boolean;
  /** One for each channel and address. */
  deliveries: Delivery[];
  /** When it was decided. */
  created_at: Timestamp;
  /** When the recipient read it. */
  read_at?: Timestamp;
}

/** A box of degrees; `west` may exceed `east` where it crosses the antimeridian. (crates/model/src/place.rs: BoundingBox) */
export interface BoundingBox {
  /** Westmost longitude. */
  west: number;
  /** Southmost latitude. */
  south: number;
  /** Eastmost longitude. */
  east: number;
  /** Northmost latitude. */
  north: number;
}

/** Conditions on items; all that are set must hold. Within one list, of at most [`MAX_ENTRIES`], any entry may hold. (crates/model/src/filter.rs: ItemFilter) */
export interface ItemFilter {
  /** Status is one of these. */
  status?: ItemStatus[];
  /** Source is one of these. */
  source?: string[];
  /** Hazard is one of these. */
  hazard?: HazardType[];
  /** Country is one of these (ISO 3166-1 alpha-2). */
  country?: string[];
  /** Severity is one of these. */
  severity?: Severity[];
  /** The point lies in this box. */
  bbox?: BoundingBox;
  /** Risk is at least this. */
  min_risk?: number;
  /** Risk is at most this. */
  max_risk?: number;
  /** Said at or after this. */
  since?: Timestamp;
  /** Said before this. */
  until?: Timestamp;
  /** Belongs to this incident. */
  incident?: string;
  /** Part of an exercise (true), or meant in earnest (false). */
  exercise?: boolean;
  /** Part of this exercise. */
  exercise_id?: string;
}

/** Whether a person is at the screen. Of several connections the most active one counts, so the order matters. (crates/model/src/frame.rs: Availability) */
export type Availability = "active" | "idle" | "away";

/** A person in a room. (crates/model/src/frame.rs: PresentUser) */
export interface PresentUser {
  /** Who. */
  user_id: string;
  /** What colleagues see. */
  name: string;
  /** Whether they are at the screen. */
  state: Availability;
}

/** Who holds a lock: a person in one tab. (crates/model/src/lock.rs: LockHolder) */
export interface LockHolder {
  /** Who. */
  user_id: string;
  /** What colleagues see. */
  name: string;
  /** The tab; means something only together with the person. */
  connection: string;
}

/** Somebody else's wish to have a lock. (crates/model/src/lock.rs: LockRequest) */
export interface LockRequest {
  /** Who. */
  user_id: string;
  /** What colleagues see. */
  name: string;
  /** Since when. */
  asked_at: Timestamp;
}

/** A lock that somebody holds. (crates/model/src/lock.rs: EditLock) */
export interface EditLock {
  /** Of what: `item:{id}`, `incident:{id}` or `claim:{id}`. */
  resource_id: string;
  /** The kind; it says what the holder does, and excludes others whatever it is. */
  lock_type: string;
  /** Whose. */
  holder: LockHolder;
  /** The fencing token: higher than every token of this resource before, whatever became of those. */
  token: number;
  /** Since when. */
  taken_at: Timestamp;
  /** From when it is nobody's, unless it is renewed. */
  expires_at: Timestamp;
  /** Who else would like to have it. */
  request: LockRequest | null;
}

/** What sort of thing somebody did. (crates/model/src/activity.rs: ActivityKind) */
export type ActivityKind =
  | "joined"
  | "left"
  | "locked"
  | "unlocked"
  | "edited"
  | "verified"
  | "commented"
  | "acknowledged";

/** One thing that somebody did. (crates/model/src/activity.rs: Activity) */
export interface Activity {
  /** Its own id. */
  id: string;
  /** What sort. */
  kind: ActivityKind;
  /** Who. */
  user: string;
  /** What colleagues see of them. */
  name: string;
  /** To what: `item:{id}`, `incident:{id}` or `claim:{id}`. */
  resource: string;
  /** What else is to be told. */
  data: unknown;
  /** When. */
  at: Timestamp;
}

/** What happened to a lock. (crates/model/src/activity.rs: LockAction) */
export type LockAction =
  | "taken"
  | "taken_over"
  | "forced"
  | "moved"
  | "requested"
  | "refused"
  | "released"
  | "expired";

/** The data of an activity about a lock, and what the room is told. (crates/model/src/activity.rs: LockChange) */
export interface LockChange {
  /** What happened. */
  action: LockAction;
  /** The lock as it is now; null where it is nobody's. */
  lock_status: EditLock | null;
}
