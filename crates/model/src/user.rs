//! People's accounts.

use serde::{Deserialize, Serialize};

use crate::{Preferences, Timestamp, UserId};

/// What a person may do, rising.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Works on items.
    Analyst,
    /// Approves what leaves the desk.
    Approver,
    /// Runs the installation.
    Admin,
}

impl Role {
    /// Every role, rising.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Analyst, Self::Approver, Self::Admin];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// The role named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// A person's account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct User {
    /// The account's id.
    pub id: UserId,
    /// Address, lower case; how they sign in.
    pub email: String,
    /// What colleagues see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What they want to be told.
    pub preferences: Preferences,
    /// When the account was made.
    pub created_at: Timestamp,
}
