//! Identifiers. Where the origin has an identity, ours is derived from it, so that processing twice changes nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// UUIDv5 namespace of every id that CrisisLens derives.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f2c_1f0e_7d0b_5c9a_9b1e_43c5_1e60_a001);

/// The id derived from `parent` for its `revision` of `kind`; equal inputs give equal ids on every node.
#[must_use]
pub fn derived(parent: Uuid, kind: &str, revision: u64) -> Uuid {
    Uuid::new_v5(&parent, format!("{kind}\u{1f}{revision}").as_bytes())
}

/// The id that `text` names below our namespace.
#[must_use]
pub fn named(kind: &str, text: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{kind}\u{1f}{text}").as_bytes())
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new time-ordered id (UUIDv7), for things that have no identity outside.
            #[must_use]
            pub fn random() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id_type!(
    /// A raw item and the item made of it share one id: UUIDv5 of source + source id.
    ItemId
);
id_type!(
    /// One happening; derived from the item that opened it.
    IncidentId
);
id_type!(
    /// One claim; derived from the item that made it first.
    ClaimId
);
id_type!(
    /// One verification of a claim; derived from it and the round.
    WorkflowId
);
id_type!(
    /// One alert; derived from its incident. Revisions share it.
    AlertId
);
id_type!(
    /// One message to one recipient; derived from alert, revision and recipient.
    NotificationId
);
id_type!(
    /// A notification on one channel to one address; derived from both.
    DeliveryId
);
id_type!(
    /// A way to reach a person that they have given.
    ContactId
);
id_type!(
    /// A person's account.
    UserId
);
id_type!(
    /// One exercise that people have started.
    ExerciseId
);
id_type!(
    /// One event on the log (`ce_id`): the key by which consumers drop what they have applied.
    EventId
);

impl ItemId {
    /// The id of `source_id` as `source` names it.
    #[must_use]
    pub fn of(source: &str, source_id: &str) -> Self {
        Self(named("item", &format!("{source}\u{1f}{source_id}")))
    }

    /// The id of what `source` is made to say in an exercise: never that of what it says in earnest, so that neither can
    /// take the other's place.
    #[must_use]
    pub fn in_exercise(source: &str, source_id: &str) -> Self {
        Self(named("exercise", &format!("{source}\u{1f}{source_id}")))
    }

    /// The one of the two that fits.
    #[must_use]
    pub fn derive(source: &str, source_id: &str, exercise: bool) -> Self {
        if exercise { Self::in_exercise(source, source_id) } else { Self::of(source, source_id) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_origin_has_the_same_id_and_another_has_not() {
        assert_eq!(ItemId::of("usgs", "us1000"), ItemId::of("usgs", "us1000"));
        assert_ne!(ItemId::of("usgs", "us1000"), ItemId::of("usgs", "us1001"));
        assert_ne!(ItemId::of("a", "b\u{1f}c"), ItemId::of("a\u{1f}b", "d"));
        assert_ne!(ItemId::of("usgs", "us1000"), ItemId::in_exercise("usgs", "us1000"));
    }

    #[test]
    fn revisions_and_kinds_derive_apart() {
        let parent = named("item", "x");
        assert_ne!(derived(parent, "item", 1), derived(parent, "item", 2));
        assert_ne!(derived(parent, "item", 1), derived(parent, "alert", 1));
    }
}
