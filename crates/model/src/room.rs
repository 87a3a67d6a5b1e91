//! Rooms: what a connection can listen to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{IncidentId, ItemId, UserId};

/// A room's name, parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Room {
    /// Every new or changed item, incident and alert.
    Global,
    /// Alerts only.
    Alerts,
    /// One item.
    Item(ItemId),
    /// One incident.
    Incident(IncidentId),
    /// One claim.
    Claim(Uuid),
    /// One person's own notifications.
    User(UserId),
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Alerts => f.write_str("alerts"),
            Self::Item(id) => write!(f, "item:{id}"),
            Self::Incident(id) => write!(f, "incident:{id}"),
            Self::Claim(id) => write!(f, "claim:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
        }
    }
}

/// A text that names no room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a room is global, alerts, or one of item, incident, claim and user with a colon and a UUID in lower case"
)]
pub struct UnknownRoom;

impl From<Room> for String {
    fn from(room: Room) -> Self {
        room.to_string()
    }
}

impl TryFrom<String> for Room {
    type Error = UnknownRoom;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Room {
    type Err = UnknownRoom;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "global" => return Ok(Self::Global),
            "alerts" => return Ok(Self::Alerts),
            _ => {}
        }
        let (kind, name) = text.split_once(':').ok_or(UnknownRoom)?;
        let id = Uuid::parse_str(name).map_err(|_| UnknownRoom)?;
        // One room has one name: under another the answers would not be known again.
        if id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) != name {
            return Err(UnknownRoom);
        }
        match kind {
            "item" => Ok(Self::Item(ItemId(id))),
            "incident" => Ok(Self::Incident(IncidentId(id))),
            "claim" => Ok(Self::Claim(id)),
            "user" => Ok(Self::User(UserId(id))),
            _ => Err(UnknownRoom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_one_name() {
        let name = "item:0d0fd3b4-6b0c-5f0e-8a55-6a6b1f9e1c2d";
        assert_eq!(name.parse::<Room>().unwrap().to_string(), name);
        let (kind, id) = name.split_once(':').unwrap();
        let others = [
            id.to_uppercase(),
            id.replace('-', ""),
            format!("{{{id}}}"),
            format!("urn:uuid:{id}"),
            String::new(),
        ];
        for other in others {
            assert_eq!(format!("{kind}:{other}").parse::<Room>(), Err(UnknownRoom), "{other}");
        }
    }
}
