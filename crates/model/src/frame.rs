//! The JSON text frames of the real-time protocol.
//!
//! Control frames are whole values; event frames (`new_item`, `alert`, …) are put together from parts, because their
//! payload is encoded once and shared by every connection: see [`event_frame`].

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::event::EventKind;
use crate::{ItemFilter, Timestamp, UserId, object};

/// What a client may send.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Asks for a `pong`.
    Ping,
    /// Brings a fresh token before the old one ends.
    Auth {
        /// The access token.
        token: String,
    },
    /// Asks for the events of a room.
    JoinRoom {
        /// The room's name.
        room: String,
        /// From where to resume; live from now without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<String>,
        /// Which events of the room are wanted.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object::or_null")]
        filter: Option<Box<ItemFilter>>,
    },
    /// Asks for no more of them.
    LeaveRoom {
        /// The room's name.
        room: String,
    },
    /// Says where the person's pointer is.
    CursorMove {
        /// The room of the resource, `item:{id}` and the like.
        resource_id: String,
        /// x, y and selection.
        position: serde_json::Value,
    },
    /// Says whether a person is at this connection. Silence says it too, only later.
    Presence {
        /// What they do.
        state: Availability,
    },
    /// Asks who is in a room that was joined; `presence_state` answers. For a client that has missed an update.
    GetPresence {
        /// The room's name.
        resource_id: String,
    },
}

impl ClientFrame {
    /// Whether somebody did something; else the client sent it by itself, or says that nobody is there.
    #[must_use]
    pub fn is_of_a_person(&self) -> bool {
        match self {
            Self::Presence { state } => *state == Availability::Active,
            Self::JoinRoom { .. } | Self::LeaveRoom { .. } | Self::CursorMove { .. } => true,
            Self::Ping | Self::Auth { .. } | Self::GetPresence { .. } => false,
        }
    }
}

/// Whether a person is at the screen. Of several connections the most active one counts, so the order matters.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Availability {
    /// They gave a sign of themselves a moment ago.
    #[default]
    Active,
    /// They have given none for a while.
    Idle,
    /// They have given none for long, or look at something else.
    Away,
}

/// What the server sends besides events.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// First frame of every connection.
    Connection {
        /// Always `connected`.
        status: &'static str,
        /// Names this connection.
        session: String,
        /// Who the token says it is.
        user_id: UserId,
        /// How often the server pings.
        heartbeat_s: u64,
        /// The node that holds the connection.
        node: String,
        /// Now.
        at: Timestamp,
    },
    /// Answers `ping`.
    Pong {
        /// Now.
        at: Timestamp,
        /// Everything before it has been told, of all rooms that the connection is in: each can be resumed from here. Left out while
        /// something waits.
        #[serde(skip_serializing_if = "Option::is_none")]
        position: Option<String>,
    },
    /// Answers `join_room`; replayed events follow it.
    JoinedRoom {
        /// The room's name.
        room: String,
        /// The client's own position while a replay follows, else the present one; live events follow it.
        position: String,
        /// Whether everything since the client's position is replayed (true also when none was given).
        recovered: bool,
    },
    /// Answers `leave_room`.
    LeftRoom {
        /// The room's name.
        room: String,
    },
    /// History no longer reaches the client's position: refetch over REST.
    Resync {
        /// The room's name.
        room: String,
        /// Why.
        reason: &'static str,
    },
    /// Who is there: in answer to a join or `get_presence`, and instead of many updates.
    PresenceState {
        /// The room's name.
        resource_id: String,
        /// Updates up to this number are in it. Counted for each room of a connection's node.
        seq: u64,
        /// The people.
        users: Vec<PresentUser>,
    },
    /// Somebody came or went, or is at the screen again, or no more.
    PresenceUpdate {
        /// The room's name.
        resource_id: String,
        /// One more than that of the frame before; a gap means that something was missed.
        seq: u64,
        /// Who.
        user_id: UserId,
        /// `joined`, `left`, or `changed`: their `state` is another.
        action: &'static str,
        /// The people now there.
        active_users: Vec<PresentUser>,
    },
    /// Somebody's pointer moved.
    CursorUpdate {
        /// The room's name.
        resource_id: String,
        /// Whose.
        user_id: UserId,
        /// x, y and selection.
        position: serde_json::Value,
    },
    /// Something the client sent could not be done.
    Error {
        /// A stable word.
        code: &'static str,
        /// For a person.
        message: String,
        /// The room it is about, if it is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        /// Seconds until it is worth trying again.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// The node is about to stop.
    GoingAway {
        /// When to connect again.
        reconnect_after_ms: u64,
    },
}

/// A person in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PresentUser {
    /// Who.
    pub user_id: UserId,
    /// What colleagues see.
    pub name: String,
    /// Whether they are at the screen.
    pub state: Availability,
}

impl ServerFrame {
    /// An `error` frame about no room, without a waiting time.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into(), room: None, retry_after: None }
    }

    /// The frame's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The part of an event that is the same in every room: its type and its payload's members, ready to be spliced.
#[derive(Debug, Clone)]
pub struct EventBody {
    /// What it tells.
    pub kind: EventKind,
    /// JSON members with a leading comma: `,"data":{…}`.
    pub members: String,
    /// When it happened, RFC 3339.
    pub at: String,
}

impl EventBody {
    /// A body with the single member `data`, which must be JSON.
    #[must_use]
    pub fn data(kind: EventKind, at: Timestamp, data: &str) -> Self {
        let mut members = String::with_capacity(data.len() + 9);
        members.push_str(",\"data\":");
        members.push_str(data);
        Self { kind, members, at: at.to_string() }
    }

    /// A body with any members; `members` must serialise to a JSON object.
    pub fn of<T: Serialize>(kind: EventKind, at: Timestamp, members: &T) -> Result<Self, serde_json::Error> {
        let object: Box<RawValue> = serde_json::value::to_raw_value(members)?;
        let inner = object.get().trim_start_matches('{').strip_suffix('}').unwrap_or_default().to_owned();
        let members = if inner.is_empty() { inner } else { format!(",{inner}") };
        Ok(Self { kind, members, at: at.to_string() })
    }
}

/// One event as one room sees it: `{type, room, position, at, …}`. The room and position need no escaping.
#[must_use]
pub fn event_frame(body: &EventBody, room: &str, position: &str) -> String {
    let mut text = String::with_capacity(body.members.len() + room.len() + position.len() + 96);
    text.push_str("{\"type\":\"");
    text.push_str(body.kind.as_str());
    text.push_str("\",\"room\":\"");
    text.push_str(room);
    text.push_str("\",\"position\":\"");
    text.push_str(position);
    text.push_str("\",\"at\":\"");
    text.push_str(&body.at);
    text.push('"');
    text.push_str(&body.members);
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spliced_frame_is_the_json_it_should_be() {
        let at: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let body = EventBody::data(EventKind::NewItem, at, r#"{"a":"}\""}"#);
        let value: serde_json::Value = serde_json::from_str(&event_frame(&body, "global", "AQ")).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"type":"new_item","room":"global","position":"AQ","at":"2026-01-02T03:04:05Z","data":{"a":"}\""}})
        );
        let body =
            EventBody::of(EventKind::ItemUpdate, at, &serde_json::json!({"version": 2, "updates": {}}))
                .unwrap();
        let value: serde_json::Value = serde_json::from_str(&event_frame(&body, "global", "AQ")).unwrap();
        assert_eq!(value["version"], 2);
    }

    #[test]
    fn unknown_frames_and_missing_fields_are_errors() {
        let absent = r#"{"type":"presence","state":"asleep"}"#;
        for text in
            [r#"{"type":"shout"}"#, r#"{"type":"join_room"}"#, absent, "[]", "{}", "null", r#"{"type":7}"#]
        {
            assert!(serde_json::from_str::<ClientFrame>(text).is_err(), "{text}");
        }
    }
}
