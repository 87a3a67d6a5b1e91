//! `crisislens users add|list|password|role`.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, bail};
use clap::Subcommand;
use crisislens_model::wording::{harmless_name, name_problem};
use crisislens_model::{Clock, Preferences, Role, Severity, SystemClock, User, UserId};
use crisislens_state::audit::AuditEntry;
use crisislens_state::people::Account;
use crisislens_state::{Durability, Store, Tx};
use serde_json::{Value, json};

use super::out::{say, say_json};
use crate::auth::{NO_PASSWORD, Passwords, account_id, normal_email, password_problem};
use crate::config::Config;
use crate::engines::{make_data_dir, open_store};

#[derive(Subcommand)]
pub enum Users {
    /// Makes an account; the password is read from CRISISLENS_PASSWORD or a line of standard input
    Add {
        /// Address
        email: String,
        /// What colleagues see, up to 60 characters [default: the part before the @]
        #[arg(long)]
        name: Option<String>,
        /// viewer, analyst, approver, admin
        #[arg(long, default_value = "analyst", value_parser = role)]
        role: Role,
        /// Send alerts by e-mail, not only to the inbox
        #[arg(long)]
        email_alerts: bool,
        /// No alerts below this severity: low, medium, high, critical
        #[arg(long, default_value = "medium", value_parser = severity)]
        min_severity: Severity,
        /// Where the account exists already, set its password and role instead of failing
        #[arg(long)]
        or_update: bool,
        /// For who comes with tokens of this issuer (auth.issuers), and without a password
        #[arg(long, requires = "subject", conflicts_with = "or_update")]
        issuer: Option<String>,
        /// Their `sub` in those tokens
        #[arg(long, requires = "issuer")]
        subject: Option<String>,
    },
    /// Lists accounts
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Sets a password, read as for `add`
    Password {
        /// Address
        email: String,
    },
    /// Sets a role
    Role {
        /// Address
        email: String,
        /// viewer, analyst, approver, admin
        #[arg(value_parser = role)]
        role: Role,
    },
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| "viewer, analyst, approver or admin".to_owned())
}

fn severity(word: &str) -> Result<Severity, String> {
    Severity::parse(word).ok_or_else(|| "low, medium, high or critical".to_owned())
}

pub async fn run(config: Config, users: Users) -> anyhow::Result<()> {
    make_data_dir(&config)?;
    let store = open_store(&config).await?;
    match users {
        Users::Add { email, name, role, email_alerts, min_severity, or_update, issuer, subject } => {
            let email =
                normal_email(&email).with_context(|| format!("{email:?} is not an e-mail address"))?;
            let name = name_of(name, &email)?;
            let outside = issuer.zip(subject).map(|(issuer, subject)| account_id(&issuer, &subject));
            let password_hash = match outside {
                Some(_) => NO_PASSWORD.to_owned(),
                None => Passwords::default().hash(read_password()?).await?,
            };
            let existing = store.account_by_email(&email).await?;
            let mut tx = store.begin(Durability::Power).await?;
            match existing {
                Some(account) if or_update => {
                    set_password(&mut *tx, &account.user, &password_hash).await?;
                    if role != account.user.role {
                        set_role(&mut *tx, &account.user, role).await?;
                    }
                }
                _ => {
                    let preferences = Preferences::of_alerts(true, email_alerts, min_severity);
                    let created_at = SystemClock.now();
                    let user = User {
                        id: outside.unwrap_or_else(UserId::random),
                        email: email.clone(),
                        name,
                        role,
                        preferences,
                        created_at,
                    };
                    let account = Account { user, password_hash };
                    tx.add_account(&account).await?;
                    audit(&mut *tx, "users.add", &account.user, json!({ "role": role })).await?;
                }
            }
            tx.commit().await?;
            say(format_args!("{email} is {}", role.as_str()));
        }
        Users::List { json } => {
            for user in store.users().await? {
                if json {
                    say_json(&user)?;
                } else {
                    say(format_args!("{:<40} {:<9} {}", user.email, user.role.as_str(), user.name));
                }
            }
        }
        Users::Password { email } => {
            let user = find(&*store, &email).await?;
            let hash = Passwords::default().hash(read_password()?).await?;
            let mut tx = store.begin(Durability::Power).await?;
            set_password(&mut *tx, &user, &hash).await?;
            tx.commit().await?;
            say("password set");
        }
        Users::Role { email, role } => {
            let user = find(&*store, &email).await?;
            let mut tx = store.begin(Durability::Power).await?;
            set_role(&mut *tx, &user, role).await?;
            tx.commit().await?;
            say(format_args!("{email} is {}", role.as_str()));
        }
    }
    Ok(())
}

fn name_of(given: Option<String>, email: &str) -> anyhow::Result<String> {
    let Some(name) = given else { return Ok(harmless_name(email.split('@').next().unwrap_or_default())) };
    match name_problem("--name", &name) {
        Some(problem) => bail!("{problem}"),
        None => Ok(name),
    }
}

async fn set_password(tx: &mut dyn Tx, user: &User, hash: &str) -> anyhow::Result<()> {
    tx.set_password(user.id, hash, SystemClock.now()).await?;
    audit(tx, "users.password", user, json!({})).await
}

async fn set_role(tx: &mut dyn Tx, user: &User, role: Role) -> anyhow::Result<()> {
    tx.set_role(user.id, role, SystemClock.now()).await?;
    audit(tx, "users.role", user, json!({ "role": role, "before": user.role })).await
}

/// Notes what was done to an account, in the transaction that does it.
async fn audit(tx: &mut dyn Tx, action: &str, user: &User, mut detail: Value) -> anyhow::Result<()> {
    detail["email"] = user.email.as_str().into();
    let entry = AuditEntry::new(SystemClock.now(), "cli", action, format!("users/{}", user.id), detail);
    Ok(tx.record_audit(&entry).await?)
}

async fn find(store: &dyn Store, email: &str) -> anyhow::Result<User> {
    let account = match normal_email(email) {
        Some(email) => store.account_by_email(&email).await?,
        None => None,
    };
    Ok(account.with_context(|| format!("there is no account {email}"))?.user)
}

/// A password never stands among the arguments, where other users of the machine can read it. On a terminal it is not shown, and
/// asked for twice.
fn read_password() -> anyhow::Result<String> {
    let password = match std::env::var("CRISISLENS_PASSWORD") {
        Ok(password) => password,
        Err(_) if std::io::stdin().is_terminal() => {
            let password = rpassword::prompt_password("password: ")?;
            if rpassword::prompt_password("once more: ")? != password {
                bail!("the two passwords are not the same");
            }
            password
        }
        Err(_) => {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line)?;
            line.trim_end_matches(['\r', '\n']).to_owned()
        }
    };
    if let Some(problem) = password_problem(&password) {
        bail!("the password {problem}");
    }
    Ok(password)
}
