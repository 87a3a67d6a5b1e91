//! Passwords: Argon2id, few at a time.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use tokio::sync::Semaphore;

/// Shortest and longest password, in characters.
pub const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 8..=256;
/// Stands for the hash of an account that nobody signs in to with a password.
pub const NO_PASSWORD: &str = "*";
/// Passwords hashed at once; each takes 19 MiB.
const HASHERS: usize = 2;
/// Passwords that may wait for their turn; more are refused, so that a flood of sign-ins costs no memory.
const WAITING: usize = 64;

/// Hashes and checks passwords, few at a time and off the executor.
pub struct Passwords {
    permits: Arc<Semaphore>,
    /// One for each password that is hashed or waits.
    places: Arc<Semaphore>,
}

/// Too many passwords wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowded;

impl std::fmt::Display for Crowded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too many people sign in at this moment")
    }
}

impl std::error::Error for Crowded {}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(HASHERS)),
            places: Arc::new(Semaphore::new(HASHERS + WAITING)),
        }
    }
}

impl Passwords {
    /// The PHC string of a password: Argon2id, 19 MiB, 2 passes (OWASP's minimum).
    pub async fn hash(&self, password: String) -> anyhow::Result<String> {
        let _place = self.places.try_acquire().map_err(|_| Crowded)?;
        let _permit = self.permits.acquire().await?;
        tokio::task::spawn_blocking(move || hash_password(&password)).await?
    }

    /// Whether `password` is the one behind `hash`. Without a hash it takes as long and answers no, so that nobody can
    /// tell by the time which accounts exist.
    pub async fn verify(&self, password: String, hash: Option<String>) -> anyhow::Result<bool> {
        let _place = self.places.try_acquire().map_err(|_| Crowded)?;
        let _permit = self.permits.acquire().await?;
        tokio::task::spawn_blocking(move || {
            let Some(hash) = hash.filter(|hash| hash != NO_PASSWORD) else {
                let _ = hash_password(&password);
                return Ok(false);
            };
            let parsed = PasswordHash::new(&hash).map_err(|error| anyhow::anyhow!("stored hash: {error}"))?;
            Ok(argon2()?.verify_password(password.as_bytes(), &parsed).is_ok())
        })
        .await?
    }
}

fn argon2() -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_password(password: &str) -> anyhow::Result<String> {
    let hash = argon2()?
        .hash_password(password.as_bytes())
        .map_err(|error| anyhow::anyhow!("cannot hash the password: {error}"))?;
    Ok(hash.to_string())
}

/// What is wrong with a password, if anything.
#[must_use]
pub fn password_problem(password: &str) -> Option<String> {
    let length = password.chars().count();
    (!PASSWORD_LENGTH.contains(&length)).then(|| {
        format!(
            "has {length} characters; between {} and {} are allowed",
            PASSWORD_LENGTH.start(),
            PASSWORD_LENGTH.end()
        )
    })
}
