// The frames of the live protocol as TypeScript, from their description in docs/api/asyncapi.json, which the server makes from
// the Rust types (crates/model/src/event.rs, frame.rs). What frames carry is in model.ts; what is not there is written here.
import { readFileSync } from "node:fs";

const DESCRIPTION = new URL("../../../../docs/api/asyncapi.json", import.meta.url);

/** Where the schemas say less than their words. */
const EXACT = {
  "ConnectionFrame.status": '"connected"',
  "PresenceUpdateFrame.action": '"joined" | "left" | "changed"',
  "ItemUpdateEvent.updates": "Partial<Item>",
};

const PLAIN = { string: "string", boolean: "boolean", integer: "number", number: "number", null: "null" };

const comment = (text) => (text ? `/** ${text.replace(/\s+/g, " ").trim()} */\n` : "");
const nameOf = (ref) => ref.split("/").at(-1);
const pascal = (name) => name.replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase());
const union = (types) => types.map((type) => `| ${type}`).join("\n");

/** The text of src/frames.ts; `known` are the names of model.ts. */
export function frames(known) {
  const { components, operations } = JSON.parse(readFileSync(DESCRIPTION, "utf8"));
  const used = new Set();
  const own = new Map();

  const isNull = (schema) => schema.type === "null";
  const isNullable = (schema) =>
    Array.isArray(schema.type) ? schema.type.includes("null") : (schema.oneOf ?? []).some(isNull);

  /** Of a schema, null apart. */
  const typeOf = (schema) => {
    if (schema.$ref) return named(nameOf(schema.$ref));
    if (schema.enum) return schema.enum.map((word) => JSON.stringify(word)).join(" | ");
    const choices = (schema.oneOf ?? schema.anyOf)?.filter((choice) => !isNull(choice));
    if (choices) return choices.map(typeOf).join(" | ");
    const [type] = [schema.type].flat().filter((name) => name !== "null");
    if (type === "array") {
      const each = typeOf(schema.items);
      return each.includes("|") ? `(${each})[]` : `${each}[]`;
    }
    if (type === "string" && schema.format === "date-time") return named("Timestamp");
    if (type === "object" && schema.additionalProperties)
      return `Record<string, ${typeOf(schema.additionalProperties)}>`;
    if (type === undefined || (type === "object" && !schema.properties)) return "unknown";
    if (!PLAIN[type]) throw new Error(`no TypeScript is known for ${JSON.stringify(schema)}`);
    return PLAIN[type];
  };

  const named = (name) => {
    if (known.has(name)) {
      used.add(name);
      return name;
    }
    const schema = components.schemas[name];
    if (!schema) throw new Error(`the description has no schema ${name}`);
    if (schema.type === "string" && !schema.enum) return typeOf(schema);
    if (!own.has(name)) {
      own.set(name, "");
      const head = `${comment(schema.description)}export`;
      const text = schema.properties
        ? `${head} interface ${name} {\n${members(name, schema)}\n}`
        : `${head} type ${name} = ${typeOf(schema)};`;
      own.set(name, text);
    }
    return name;
  };

  const exact = (type) => {
    for (const [name] of type.matchAll(/\b[A-Z]\w+/g)) if (known.has(name)) used.add(name);
    return type;
  };

  /** What need not be there is left out where it is none; what must be there may be null. */
  const members = (owner, { properties, required = [] }) =>
    Object.entries(properties)
      .map(([name, schema]) => {
        const said = schema.description ?? schema.oneOf?.find(({ description }) => description)?.description;
        const written = EXACT[`${owner}.${name}`];
        const isOptional = !written && !required.includes(name);
        const type = written ? exact(written) : typeOf(schema);
        const orNull = !written && !isOptional && isNullable(schema) ? " | null" : "";
        return `${comment(said)}${name}${isOptional ? "?" : ""}: ${type}${orNull};`;
      })
      .join("\n");

  /** One frame; an event has the members that all have, besides. */
  const frame = (kind) => {
    const { payload, summary } = components.messages[kind];
    const parts = payload.allOf ?? [payload];
    const name = pascal(kind) + (payload.allOf ? "Event" : "Frame");
    const heads = parts.filter(({ $ref }) => $ref).map(({ $ref }) => named(nameOf($ref)));
    const body = parts.find(({ properties }) => properties);
    const { type, ...others } = body.properties;
    const properties = { type, ...others };
    const base = heads.length > 0 ? ` extends ${heads.join(", ")}` : "";
    const text = `${comment(summary)}export interface ${name}${base} {\n${members(name, { ...body, properties })}\n}`;
    return { name, text, isEvent: payload.allOf !== undefined };
  };
  const framesOf = (operation) => operations[operation].messages.map(({ $ref }) => frame(nameOf($ref)));

  const told = framesOf("socket_tells");
  const asked = framesOf("socket_asks");
  const names = (those) => union(those.map(({ name }) => name));
  const parts = [
    ...own.values(),
    ...told.map(({ text }) => text),
    `/** What happened in a room. */\nexport type RoomEvent =\n${names(told.filter(({ isEvent }) => isEvent))};`,
    `/** What the server sends besides events. */\nexport type ControlFrame =\n${names(told.filter(({ isEvent }) => !isEvent))};`,
    "/** What the server sends. */\nexport type ServerFrame = RoomEvent | ControlFrame;",
    ...asked.map(({ text }) => text),
    `/** What a client may send. */\nexport type ClientFrame =\n${names(asked)};`,
  ];
  return [
    "// Made from docs/api/asyncapi.json by scripts/generate.mjs; do not edit.",
    `import type { ${[...used].sort().join(", ")} } from "./model.ts";`,
    ...parts,
  ].join("\n\n");
}
