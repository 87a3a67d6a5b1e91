//! The description of the live protocol as an AsyncAPI 3 document: schemas from the types of the frames, examples from
//! values of them, query parameters from the OpenAPI document. What is said here by hand has no type.

mod close_codes;
mod samples;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use crisislens_model::Room;
use crisislens_model::event::{Event, EventHead};
use crisislens_model::frame::{ClientFrame, ServerFrame};
use crisislens_realtime::HubOptions;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::auth::TICKET_SECONDS;
use crate::config::{Config, Realtime};
use crate::live::sse;

/// The types that the messages are made of; what these refer to comes along.
#[derive(OpenApi)]
#[openapi(components(schemas(ServerFrame, ClientFrame, Event, EventHead)))]
struct Frames;

/// Kinds of frame with all that is said of each.
type Messages = BTreeMap<String, Value>;

/// The document, with members in the order of their names, as it is committed.
pub fn document() -> anyhow::Result<Value> {
    let Value::Object(mut schemas) = serde_json::to_value(Frames::openapi())?
        .pointer_mut("/components/schemas")
        .context("no schemas")?
        .take()
    else {
        anyhow::bail!("the schemas are no object");
    };
    let told = samples::events()?;
    let control = messages(&mut schemas, "ServerFrame", &values(&samples::server_frames())?)?;
    let asked = messages(&mut schemas, "ClientFrame", &values(&samples::client_frames())?)?;
    let examples: Vec<Value> =
        told.iter().map(|(_, text)| serde_json::from_str(text)).collect::<Result<_, _>>()?;
    let events = messages(&mut schemas, "Event", &examples)?.into_iter().map(with_head).collect::<Messages>();
    let rooms = rooms(&told)?;

    let from_server: Vec<String> = control.keys().chain(events.keys()).cloned().collect();
    let from_client: Vec<String> = asked.keys().cloned().collect();
    let streams = streams(&rooms);
    let mut channels = Map::new();
    let mut operations = Map::new();
    for (name, path, joins) in
        [("socket", "/ws", "`global`"), ("item_socket", "/ws/items/{id}", "`item:{id}`")]
    {
        let kinds: Vec<&String> = from_server.iter().chain(&from_client).collect();
        channels.insert(name.to_owned(), socket(path, joins, &kinds));
        operations.insert(format!("{name}_tells"), operation("send", name, &from_server));
        operations.insert(format!("{name}_asks"), operation("receive", name, &from_client));
    }
    for (name, path, kinds) in &streams {
        channels.insert((*name).to_owned(), stream(path, kinds));
        let mut tells = operation("send", name, kinds);
        tells["bindings"] =
            json!({"http": {"method": "GET", "query": stream_query(path)?, "bindingVersion": "0.3.0"}});
        operations.insert(format!("{name}_tells"), tells);
    }
    let all: Messages = [control, asked, events].into_iter().flatten().collect();
    let mut document = json!({
        "asyncapi": "3.0.0",
        "info": info(),
        "defaultContentType": "application/json",
        "servers": servers(),
        "channels": channels,
        "operations": operations,
        "components": {"schemas": schemas, "messages": all, "securitySchemes": security()},
        "x-rooms": rooms,
        "x-close-codes": close_codes::CLOSE_CODES,
        "x-limits": limits(),
    });
    // Whether objects keep their order depends on who else is in the build.
    document.sort_all_objects();
    Ok(document)
}

fn values<T: Serialize>(frames: &[T]) -> Result<Vec<Value>, serde_json::Error> {
    frames.iter().map(serde_json::to_value).collect()
}

/// Takes the tagged enum `name` out of the schemas; a message of each of its variants.
fn messages(schemas: &mut Map<String, Value>, name: &str, examples: &[Value]) -> anyhow::Result<Messages> {
    let Some(Value::Array(variants)) = schemas.remove(name).map(|mut schema| schema["oneOf"].take()) else {
        anyhow::bail!("{name} is not described as an enum");
    };
    variants
        .into_iter()
        .map(|mut payload| {
            let kind = payload.pointer("/properties/type/enum/0").and_then(Value::as_str);
            let kind = kind.with_context(|| format!("a variant of {name} names no type"))?.to_owned();
            let summary = payload.as_object_mut().and_then(|payload| payload.remove("description"));
            let examples: Vec<Value> = examples
                .iter()
                .filter(|example| example["type"] == kind)
                .map(|example| json!({"payload": example}))
                .collect();
            let message = json!({
                "name": kind, "title": kind, "summary": summary, "payload": payload, "examples": examples,
            });
            Ok((kind, message))
        })
        .collect()
}

fn with_head((kind, mut message): (String, Value)) -> (String, Value) {
    let payload = message["payload"].take();
    message["payload"] = json!({"allOf": [payload, {"$ref": "#/components/schemas/EventHead"}]});
    (kind, message)
}

/// Which kinds of event each kind of room tells.
fn rooms(told: &[(Room, String)]) -> anyhow::Result<BTreeMap<&'static str, BTreeSet<String>>> {
    let mut rooms: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    for (room, text) in told {
        let event: Value = serde_json::from_str(text)?;
        let kind = event["type"].as_str().context("an event without a type")?;
        rooms.entry(pattern(room)).or_default().insert(kind.to_owned());
    }
    Ok(rooms)
}

const fn pattern(room: &Room) -> &'static str {
    match room {
        Room::Global => "global",
        Room::Alerts => "alerts",
        Room::Item(_) => "item:{id}",
        Room::Incident(_) => "incident:{id}",
        Room::Claim(_) => "claim:{id}",
        Room::User(_) => "user:{id}",
    }
}

/// The event streams: name, path, and the kinds that each tells.
fn streams(
    rooms: &BTreeMap<&'static str, BTreeSet<String>>,
) -> [(&'static str, &'static str, Vec<String>); 3] {
    let kinds = |room: &str, wanted: &[&str]| {
        let told = rooms.get(room).into_iter().flatten().map(String::as_str);
        let told = told.filter(|kind| wanted.contains(kind));
        sse::CONTROL_KINDS.into_iter().chain(told).map(str::to_owned).collect()
    };
    // It brings whichever room is named.
    let any: BTreeSet<&str> = rooms
        .values()
        .flatten()
        .map(String::as_str)
        .chain(sse::CONTROL_KINDS)
        .chain(sse::PEOPLE_KINDS)
        .collect();
    [
        ("stream", "/api/sse/stream", any.into_iter().map(str::to_owned).collect()),
        ("item_stream", "/api/sse/items", kinds("global", &sse::ITEM_KINDS)),
        ("alert_stream", "/api/sse/alerts", kinds("alerts", &sse::ALERT_KINDS)),
    ]
}

fn socket(path: &str, joins: &str, kinds: &[&String]) -> Value {
    let mut channel = json!({
        "address": path,
        "title": path,
        "description": format!(
            "A WebSocket that begins in the room {joins}, from `position` on where the address has one; `join_room` and \
             `leave_room` change that. Each text message is one frame. `x-rooms` says which events a room tells; the rooms of \
             an item, incident or claim tell presence and cursors too. `x-close-codes` says what the end means."
        ),
        "servers": [{"$ref": "#/servers/websocket"}],
        "messages": references(kinds.iter().copied()),
        "bindings": {"ws": {"method": "GET", "query": {"type": "object", "properties": {
            "position": {"type": "string", "description": "From where to resume the room that the address joins."},
        }}, "bindingVersion": "0.1.0"}},
    });
    if path.contains("{id}") {
        channel["parameters"] = json!({"id": {"description": "The item's id, a UUID."}});
    }
    channel
}

fn stream(path: &str, kinds: &[String]) -> Value {
    json!({
        "address": path,
        "title": path,
        "description": "Server-sent events: `event:` is the frame's `type`, `id:` its `position`, `data:` the frame. \
                        `Last-Event-ID` or `?position=` resumes.",
        "servers": [{"$ref": "#/servers/http"}],
        "messages": references(kinds),
    })
}

fn references<'a>(kinds: impl IntoIterator<Item = &'a String>) -> Value {
    let reference = |kind: &String| (kind.clone(), json!({"$ref": format!("#/components/messages/{kind}")}));
    kinds.into_iter().map(reference).collect::<Map<_, _>>().into()
}

fn operation(action: &str, channel: &str, kinds: &[String]) -> Value {
    let message = |kind: &String| json!({"$ref": format!("#/channels/{channel}/messages/{kind}")});
    json!({
        "action": action,
        "channel": {"$ref": format!("#/channels/{channel}")},
        "messages": kinds.iter().map(message).collect::<Vec<_>>(),
    })
}

/// The query parameters of a stream, as the OpenAPI document has them.
fn stream_query(path: &str) -> anyhow::Result<Value> {
    let openapi = serde_json::to_value(crate::http::openapi())?;
    let parameters = openapi["paths"][path]["get"]["parameters"].as_array();
    let parameters = parameters.context("a stream without parameters")?;
    let property = |parameter: &Value| {
        let name = parameter["name"].as_str()?;
        let mut schema = parameter["schema"].clone();
        schema["description"] = parameter["description"].clone();
        Some((name.to_owned(), schema))
    };
    let properties: Map<String, Value> = parameters.iter().filter_map(property).collect();
    Ok(json!({"type": "object", "properties": properties}))
}

fn info() -> Value {
    json!({
        "title": "CrisisLens, live",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "What the server tells over WebSockets and server-sent events (`send`), and what clients may ask \
                        (`receive`). Rules in words, with examples that run: docs/guides/live-protocol.md.",
        "license": {"name": "Apache-2.0"},
    })
}

fn servers() -> Value {
    let host = Config::default().http.listen;
    let server = |protocol: &str, schemes: &[&str]| {
        let scheme = |name: &&str| json!({"$ref": format!("#/components/securitySchemes/{name}")});
        json!({
            "host": "{host}",
            "protocol": protocol,
            "description": "A node; any will do. Behind a proxy the same with TLS.",
            "variables": {"host": {"default": host}},
            "security": schemes.iter().map(scheme).collect::<Vec<_>>(),
        })
    };
    json!({
        "websocket": server("ws", &["bearer", "subprotocol", "ticket", "query_token"]),
        "http": server("http", &["bearer", "ticket", "query_token"]),
    })
}

fn security() -> Value {
    json!({
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "The access token of `POST /api/auth/login`."},
        "subprotocol": {"type": "httpApiKey", "in": "header", "name": "Sec-WebSocket-Protocol",
            "description": "The subprotocol `bearer.<jwt>`, for browsers, which cannot send the header."},
        "ticket": {"type": "httpApiKey", "in": "query", "name": "ticket",
            "description": format!("A ticket of `POST /api/ws/ticket`: holds once, within {TICKET_SECONDS} seconds, for the origin that asked for it.")},
        "query_token": {"type": "httpApiKey", "in": "query", "name": "token",
            "description": "The access token, where `realtime.query_token` lets it; by default from the server's own machine."},
    })
}

/// Limits with their units, as they are where nothing is configured.
fn limits() -> Value {
    let (hub, live) = (HubOptions::default(), Realtime::default());
    json!({
        "message_bytes": live.message_bytes,
        "message_fragments": live.message_fragments,
        "messages_per_second": live.messages_per_s,
        "messages_burst": live.message_burst,
        "rooms_per_connection": hub.max_rooms_per_session,
        "connections_per_person": live.max_connections_per_user,
        "connections_per_node": live.max_connections,
        "cursors_per_second": hub.cursors_per_second,
        "cursor_bytes": hub.cursor_bytes_max,
        "presence_users": hub.presence_users_max,
        "presence_grace_s": hub.presence_grace.as_secs(),
        "socket_queue_frames": live.queue_frames,
        "stream_queue_frames": live.sse_queue_frames,
        "queue_bytes": live.queue_bytes,
        "history_records": live.history_records,
        "history_bytes": live.history_bytes,
        "history_s": live.history_s,
        "ping_s": live.ping_s,
        "stream_heartbeat_s": live.sse_heartbeat_s,
        "ticket_s": TICKET_SECONDS,
    })
}
