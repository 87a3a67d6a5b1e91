// Writes src/model.ts from the Rust types in crates/model, and src/frames.ts from docs/api/asyncapi.json: `npm run generate`.
// A test compares the files with what this prints. It knows only the Rust that those types use, and fails on anything else.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { frames } from "./frames.mjs";

const MODEL = new URL("../../../../crates/model/src/", import.meta.url);
const SOURCES = new URL("../src/", import.meta.url);

/** What is written: file and name. */
const TYPES = [
  ["severity.rs", "Severity"],
  ["item.rs", "ItemStatus"],
  ["hazard.rs", "HazardType"],
  ["source.rs", "SourceKind"],
  ["risk.rs", "RiskLevel"],
  ["place.rs", "Precision"],
  ["incident.rs", "IncidentStatus"],
  ["alert.rs", "AlertStatus"],
  ["notification.rs", "Channel"],
  ["notification.rs", "NotificationType"],
  ["notification.rs", "DeliveryStatus"],
  ["item.rs", "Language"],
  ["hazard.rs", "HazardGuess"],
  ["place.rs", "Alternative"],
  ["place.rs", "Location"],
  ["relevance.rs", "Relevance"],
  ["relevance.rs", "HumanitarianCategory"],
  ["relevance.rs", "Humanitarian"],
  ["item.rs", "Entity"],
  ["risk.rs", "RiskPart"],
  ["claim.rs", "Verdict"],
  ["raw_item.rs", "ClaimReview"],
  ["raw_item.rs", "Stated"],
  ["item.rs", "PlaceNamed"],
  ["item.rs", "ItemCorrection"],
  ["item.rs", "PutRight"],
  ["item.rs", "Item"],
  ["incident.rs", "Centre"],
  ["incident.rs", "SetByPeople"],
  ["incident.rs", "Risk"],
  ["incident.rs", "Voices"],
  ["incident.rs", "Backing"],
  ["incident.rs", "Corrector"],
  ["incident.rs", "Incident"],
  ["incident.rs", "JoinedItem"],
  ["incident.rs", "IncidentUpdate"],
  ["claim.rs", "ClaimStatus"],
  ["claim/slots.rs", "ClaimTopic"],
  ["claim/slots.rs", "Quantity"],
  ["claim/slots.rs", "ClaimPlace"],
  ["claim/slots.rs", "Slots"],
  ["claim/evidence.rs", "Stance"],
  ["claim/evidence.rs", "EvidenceKind"],
  ["claim/evidence.rs", "Standing"],
  ["claim/evidence.rs", "LikelihoodPart"],
  ["claim/evidence.rs", "Evidence"],
  ["claim.rs", "Claim"],
  ["workflow.rs", "WorkflowStatus"],
  ["workflow.rs", "Step"],
  ["workflow.rs", "ReviewStatus"],
  ["workflow.rs", "Workflow"],
  ["alert.rs", "Alert"],
  ["notification.rs", "Attempt"],
  ["notification.rs", "Delivery"],
  ["notification.rs", "About"],
  ["notification.rs", "Notification"],
  ["place.rs", "BoundingBox"],
  ["filter.rs", "ItemFilter"],
  ["frame.rs", "Availability"],
  ["frame.rs", "PresentUser"],
  ["lock.rs", "LockHolder"],
  ["lock.rs", "LockRequest"],
  ["lock.rs", "EditLock"],
  ["activity.rs", "ActivityKind"],
  ["activity.rs", "Activity"],
  ["activity.rs", "LockAction"],
  ["activity.rs", "LockChange"],
];

/** Where Rust says less than its comment. */
const EXACT = {
  "Alert.data":
    "{ risk_score?: number; item_count?: number; source_count?: number; sources?: string[]; why?: string }",
};

const PLAIN = {
  String: "string",
  bool: "boolean",
  f64: "number",
  i64: "number",
  u32: "number",
  u64: "number",
  usize: "number",
  Timestamp: "Timestamp",
  RawValue: "unknown",
  Uuid: "string",
  Resource: "string",
  "serde_json::Value": "unknown",
  "uuid::Uuid": "string",
};

const CASES = {
  snake_case: (name) => name.replace(/(?!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase(),
  lowercase: (name) => name.toLowerCase(),
};

function typeOf(rust) {
  const text = rust.replace(/^(crate|std::collections)::/, "");
  if (PLAIN[text]) return PLAIN[text];
  if (/^\w+Id$/.test(text)) return "string";
  const [, outer, inner] = /^(\w+)<(.*)>$/.exec(text) ?? [];
  if (outer === "Box") return typeOf(inner);
  if (outer === "Option") return `${typeOf(inner)} | null`;
  if (outer === "Vec") return `${typeOf(inner)}[]`;
  if (outer === "BTreeMap" && inner.startsWith("String, "))
    return `Record<string, ${typeOf(inner.slice(8))}>`;
  if (TYPES.some(([, name]) => name === text)) return text;
  throw new Error(`no TypeScript is known for ${rust}`);
}

/** The text between the braces that open behind `start`. */
function bodyAt(text, start) {
  const open = text.indexOf("{", start);
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}") depth -= 1;
    if (depth === 0) return text.slice(open + 1, at);
  }
  throw new Error("a brace is not closed");
}

/** Members of a struct or variants of an enum, each with its comment and attributes. */
function partsOf(body) {
  const parts = [];
  let doc = [];
  let attributes = "";
  let rest = body.trimStart();
  while (rest) {
    const comment = /^\/\/\/ ?(.*)\n?/.exec(rest);
    const attribute = /^#\[.*\]\n?/.exec(rest);
    if (comment) doc.push(comment[1]);
    else if (attribute) attributes += attribute[0];
    else {
      const [, name] = /^(?:pub )?(\w+)/.exec(rest);
      const [, type] = /^(?:pub )?\w+: ([^\n]+),\n?/.exec(rest) ?? [];
      parts.push({ name, type, attributes, doc: doc.join(" ") });
      doc = [];
      attributes = "";
      rest = rest.slice(rest.indexOf(type ? ",\n" : ",") + 1).trimStart();
      continue;
    }
    rest = rest.slice((comment ?? attribute)[0].length).trimStart();
  }
  return parts;
}

function membersOf(owner, parts, isRead) {
  return parts.map(({ name, type, attributes, doc }) => {
    const [, renamed] = /rename = "(\w+)"/.exec(attributes) ?? [];
    const isOptional = /skip_serializing_if/.test(attributes) || (isRead && /default/.test(attributes));
    const written =
      EXACT[`${owner}.${name}`] ?? typeOf(isOptional ? type.replace(/^Option<(.*)>$/, "$1") : type);
    return `/** ${doc} */\n${renamed ?? name}${isOptional ? "?" : ""}: ${written};`;
  });
}

function declaration([file, name]) {
  const text = readFileSync(new URL(file, MODEL), "utf8");
  const found = new RegExp(
    `((?:^ *///.*\\n|^ *#\\[[^\\]]*\\]\\n)*)^ *pub (struct|enum) ${name} \\{`,
    "m",
  ).exec(text);
  if (!found) throw new Error(`${file} has no type ${name}`);
  const [, before, sort] = found;
  const doc = [...before.matchAll(/\/\/\/ (.*)/g)].map(([, line]) => line).join(" ");
  const body = bodyAt(text, found.index + found[0].length - 1);
  const head = `/** ${doc} (crates/model/src/${file}: ${name}) */\nexport`;
  const isRead = !/\bSerialize\b/.test(before);
  if (sort === "struct") {
    // What is flattened into it is what it extends.
    const [flat, own] = [true, false].map((is) =>
      partsOf(body).filter(({ attributes }) => /flatten/.test(attributes) === is),
    );
    const bases = flat.length > 0 ? ` extends ${flat.map(({ type }) => typeOf(type)).join(", ")}` : "";
    return `${head} interface ${name}${bases} {\n${membersOf(name, own, isRead).join("\n")}\n}`;
  }
  // Some are written by a macro, whose call has the words; the hazards' adds one.
  const macro = /^\w+! \{/m.exec(text);
  if (macro && body.includes("$(")) {
    const words = [...bodyAt(text, macro.index).matchAll(/=> "(\w+)"/g)].map(([, word]) => word);
    const more = name === "HazardType" ? ["none"] : [];
    return `${head} type ${name} = ${[...words, ...more].map((word) => `"${word}"`).join(" | ")};`;
  }
  const [, rule] = /rename_all = "(\w+)"/.exec(before) ?? [];
  const word = CASES[rule];
  if (!word) throw new Error(`${name} has no rule for its words`);
  const words = partsOf(body).map((part) => `"${word(part.name)}"`);
  return `${head} type ${name} = ${words.join(" | ")};`;
}

function model() {
  return [
    "// Made from crates/model by scripts/generate.mjs; do not edit.",
    "/** RFC 3339. */\nexport type Timestamp = string;",
    ...TYPES.map(declaration),
  ].join("\n\n");
}

/** Each file with its text. */
export function generated() {
  const known = new Set(["Timestamp", ...TYPES.map(([, name]) => name)]);
  return { "model.ts": model(), "frames.ts": frames(known) };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [file, text] of Object.entries(generated())) writeFileSync(new URL(file, SOURCES), `${text}\n`);
