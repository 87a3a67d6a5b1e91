//! Opening a PostgreSQL database: reaching it, looking whether it can be used, bringing it to this version; and saying
//! in words that an operator can act on why one of these failed.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use super::migrations::migrator;
use crate::StateError;

/// The oldest server that is taken: the oldest that its makers still mend.
const OLDEST: i32 = 14;

/// What is known of a server before it is used.
struct Facts {
    /// As `server_version_num` says it: 15 * 10000 + minor.
    number: i32,
    version: String,
    encoding: String,
    is_standby: bool,
    schema: Option<String>,
    may_create: bool,
}

/// The address of a database; the password in it goes into no message.
pub(super) fn read_url(url: &str) -> Result<PgConnectOptions, StateError> {
    let problem = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        match PgConnectOptions::from_str(url) {
            Ok(options) => return Ok(options),
            Err(error) => error.to_string(),
        }
    } else {
        "it must be a URL that begins with postgres://".to_owned()
    };
    Err(StateError::CannotOpen { server: "the configured address".to_owned(), problem, may_pass: false })
}

/// Checks the database and brings it to this version. Answers the server's version.
pub(super) async fn prepare(options: &PgConnectOptions, patience: Duration) -> Result<String, StateError> {
    let options = options.clone().options([("statement_timeout", "0"), ("lock_timeout", "0")]);
    let mut connection = match tokio::time::timeout(patience, options.connect()).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return Err(explain(&options, &error)),
        Err(_) => {
            let problem = format!("it gave no answer within {patience:?}");
            return Err(cannot(&options, problem, true));
        }
    };
    let facts = look(&mut connection).await.map_err(|error| explain(&options, &error))?;
    if let Some((problem, may_pass)) = judge(&facts, options.get_username()) {
        return Err(cannot(&options, problem, may_pass));
    }
    connection.close().await?;
    let migrating = PgPoolOptions::new().max_connections(1).acquire_timeout(patience);
    let migrating = migrating.connect_lazy_with(options.clone());
    migrator().run(&migrating).await.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => explain(&options, &error),
        other => StateError::Migration(other),
    })?;
    migrating.close().await;
    Ok(facts.version)
}

async fn look(connection: &mut PgConnection) -> Result<Facts, sqlx::Error> {
    let row = sqlx::query(
        "SELECT current_setting('server_version_num')::int4, current_setting('server_version'), \
         current_setting('server_encoding'), pg_is_in_recovery(), current_schema()::text, \
         coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)",
    )
    .fetch_one(connection)
    .await?;
    Ok(Facts {
        number: row.try_get(0)?,
        version: row.try_get(1)?,
        encoding: row.try_get(2)?,
        is_standby: row.try_get(3)?,
        schema: row.try_get(4)?,
        may_create: row.try_get(5)?,
    })
}

/// What keeps the database from being used, and whether that may pass by itself.
fn judge(facts: &Facts, user: &str) -> Option<(String, bool)> {
    if facts.number < OLDEST * 10_000 {
        let problem =
            format!("the server is PostgreSQL {}; {OLDEST} is the oldest that is supported", facts.version);
        return Some((problem, false));
    }
    if facts.encoding != "UTF8" {
        let problem = format!("the database's encoding is {}; it must be UTF8", facts.encoding);
        return Some((problem, false));
    }
    if facts.is_standby {
        return Some(("the server is a standby, which cannot be written to".to_owned(), true));
    }
    let Some(schema) = &facts.schema else {
        return Some((format!("no schema of the search path exists or is open to user {user}"), false));
    };
    if !facts.may_create {
        let problem = format!(
            "user {user} may not make tables in schema {schema}; GRANT CREATE, USAGE ON SCHEMA {schema} TO {user}"
        );
        return Some((problem, false));
    }
    None
}

/// A failure to connect or to migrate, in words.
fn explain(options: &PgConnectOptions, error: &sqlx::Error) -> StateError {
    let user = options.get_username();
    let (problem, may_pass) = match error {
        // A certificate that is not trusted comes as damaged input.
        sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::InvalidData => {
            (format!("no trusted TLS connection: {io}"), false)
        }
        sqlx::Error::Io(io) => (format!("the server cannot be reached: {io}"), true),
        sqlx::Error::Tls(tls) => (format!("no trusted TLS connection: {tls}"), false),
        sqlx::Error::Database(database) => match database.code().as_deref() {
            Some("28P01") => (format!("the password of user {user} is not accepted"), false),
            Some("28000") => (format!("user {user} may not connect: {}", database.message()), false),
            Some("3D000") => (database.message().to_owned(), false),
            Some("42501") => (format!("user {user} has too few rights: {}", database.message()), false),
            Some(code) => (database.message().to_owned(), !super::is_permanent(code)),
            None => (database.message().to_owned(), true),
        },
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            (format!("it is gone again: {error}"), true)
        }
        other => (other.to_string(), false),
    };
    cannot(options, problem, may_pass)
}

/// The error, which names the server but never the password.
fn cannot(options: &PgConnectOptions, problem: String, may_pass: bool) -> StateError {
    let place = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let database = options.get_database().unwrap_or(options.get_username());
    StateError::CannotOpen { server: format!("{place}/{database}"), problem, may_pass }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            number: 150_018,
            version: "15.18".to_owned(),
            encoding: "UTF8".to_owned(),
            is_standby: false,
            schema: Some("public".to_owned()),
            may_create: true,
        }
    }

    #[test]
    fn only_a_server_that_can_be_used_is_taken() {
        assert!(judge(&facts(), "app").is_none());
        let old = Facts { number: 130_022, version: "13.22".to_owned(), ..facts() };
        assert!(judge(&old, "app").is_some_and(|(problem, passes)| problem.contains("13.22") && !passes));
        let latin = Facts { encoding: "LATIN1".to_owned(), ..facts() };
        assert!(judge(&latin, "app").is_some_and(|(problem, passes)| problem.contains("UTF8") && !passes));
        let standby = Facts { is_standby: true, ..facts() };
        assert!(judge(&standby, "app").is_some_and(|(_, passes)| passes), "it may be promoted");
        let closed = Facts { may_create: false, ..facts() };
        assert!(judge(&closed, "app").is_some_and(|(problem, _)| problem.contains("GRANT CREATE")));
        assert!(judge(&Facts { schema: None, ..facts() }, "app").is_some());
    }
}
