//! PostgreSQL: a server of the machine's own packages with a data folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::ports::{free_port, retry_on_collision};
use crate::process::{Process, guarded, run_quietly};
use crate::{Cache, Certificates, Result, ServersError, debian, random};

/// The oldest release that will do.
const OLDEST: u32 = 15;
/// Where Debian puts each release.
const RELEASES: &str = "/usr/lib/postgresql";
/// The account that Debian makes for it, as which it runs where we are root: it refuses root.
const ACCOUNT: &str = "postgres";
/// The superuser of a started server.
const USER: &str = "app";
/// The database of a started server.
const DATABASE: &str = "crisislens";
/// Longest time from start to serving.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Longest time for an orderly stop.
const STOP_WITHIN: Duration = Duration::from_secs(15);

/// What is started.
#[derive(Debug, Clone, Default)]
pub struct PostgresOptions {
    /// Where given, it takes TLS connections only, with this authority's server certificate.
    pub tls: Option<Arc<Certificates>>,
    /// Settings that go over ours. Ours leave `fsync` off: data survives the death of a process, not of the machine.
    pub extra: Vec<(String, String)>,
}

/// A running server. Dropping it ends it, and its data goes with it.
#[derive(Debug)]
pub struct Postgres {
    options: PostgresOptions,
    port: u16,
    password: String,
    programs: PathBuf,
    version: String,
    cache: Cache,
    running: Mutex<Option<Process>>,
    folder: TempDir,
}

impl Postgres {
    /// Makes a data folder, starts it and waits until it serves.
    pub fn start(options: PostgresOptions) -> Result<Self> {
        let cache = Cache::open()?;
        let programs = programs()?;
        let version = version(&programs)?;
        retry_on_collision(|| {
            let folder = tempfile::Builder::new().prefix("crisislens-postgres-").tempdir();
            let server = Self {
                options: options.clone(),
                port: free_port()?,
                password: random::secret()?,
                programs: programs.clone(),
                version: version.clone(),
                cache: cache.clone(),
                running: Mutex::new(None),
                folder: folder.map_err(ServersError::io("make a folder for PostgreSQL"))?,
            };
            server.initialise()?;
            server.run()?;
            server.create_database(DATABASE)?;
            Ok(server)
        })
    }

    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, as a superuser; with TLS also how to verify it.
    pub fn url(&self) -> String {
        let url = format!("postgres://{USER}:{}@127.0.0.1:{}/{DATABASE}", self.password, self.port);
        match &self.options.tls {
            Some(certificates) => {
                format!("{url}?sslmode=verify-full&sslrootcert={}", certificates.ca_file.display())
            }
            None => url,
        }
    }

    /// Makes another, empty database on it. Answers its URL.
    pub fn new_database(&self, name: &str) -> Result<String> {
        self.create_database(name)?;
        let url = self.url();
        Ok(url.replacen(&format!("/{DATABASE}"), &format!("/{name}"), 1))
    }

    /// Runs a statement on its first database, as a superuser.
    pub fn execute(&self, sql: &str) -> Result<()> {
        let mut command = self.command("psql");
        command.arg("--host").arg(self.folder.path()).args(["--port", &self.port.to_string()]);
        command
            .args(["--username", USER, "--no-psqlrc", "--set", "ON_ERROR_STOP=1", DATABASE])
            .current_dir("/");
        // Each statement for itself: some may not stand in a transaction.
        for statement in sql.split(';') {
            command.args(["--command", statement]);
        }
        run_quietly("run a statement on PostgreSQL", &mut command)
    }

    /// PostgreSQL's version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its first process, where it runs.
    pub fn pid(&self) -> Option<u32> {
        self.lock().as_mut().and_then(Process::running_pid)
    }

    /// Stops it: clients are disconnected, data is put in order.
    pub fn stop(&self) {
        if let Some(mut process) = self.lock().take() {
            process.stop(Signal::INT, STOP_WITHIN);
        }
    }

    /// Kills its first process; the others notice and end.
    pub fn kill(&self) {
        if let Some(mut process) = self.lock().take() {
            process.kill();
        }
    }

    /// Starts it with its data and on its port, after it was stopped or killed.
    pub fn start_again(&self) -> Result<()> {
        self.run()
    }

    fn initialise(&self) -> Result<()> {
        let folder = self.folder.path();
        let password = folder.join("password");
        std::fs::write(&password, &self.password).map_err(ServersError::path("write", &password))?;
        if let Some(certificates) = &self.options.tls {
            for (name, text) in [
                ("server.pem", &certificates.server.certificate_pem),
                ("server.key", &certificates.server.key_pem),
                ("ca.pem", &certificates.ca_pem),
            ] {
                let file = folder.join(name);
                std::fs::write(&file, text).map_err(ServersError::path("write", &file))?;
                let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                std::fs::set_permissions(&file, private).map_err(ServersError::path("protect", &file))?;
            }
        }
        give_to_account(folder)?;
        let mut command = self.command("initdb");
        command.arg("--pgdata").arg(self.data()).args(["--username", USER, "--auth-local", "trust"]);
        command.args([
            "--auth-host",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--locale",
            "C.UTF-8",
            "--no-sync",
        ]);
        command.arg("--pwfile").arg(&password).current_dir("/");
        run_quietly("make a data folder for PostgreSQL", &mut command)?;
        if self.options.tls.is_some() {
            let rules = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
            let file = self.data().join("pg_hba.conf");
            std::fs::write(&file, rules).map_err(ServersError::path("write", &file))?;
        }
        Ok(())
    }

    fn run(&self) -> Result<()> {
        let mut running = self.lock();
        if let Some(process) = &mut *running
            && process.ended().is_none()
        {
            return Err(ServersError::Node { server: "PostgreSQL", node: 1, problem: "runs already" });
        }
        let mut command = self.command("postgres");
        command
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string()]);
        for (name, value) in self.settings() {
            command.args(["-c", &format!("{name}={value}")]);
        }
        command.current_dir("/");
        let log = self.folder.path().join("log");
        // After a kill the last processes may hold the shared memory for another moment; then it says so and ends.
        let process = running.insert(Process::start(&format!("PostgreSQL {}", self.version), command, &log)?);
        process.wait_until(&self.cache, READY_WITHIN, |log| {
            log.says("database system is ready to accept connections")
        })
    }

    fn settings(&self) -> Vec<(String, String)> {
        let mut settings = vec![("listen_addresses", "127.0.0.1".to_owned()), ("fsync", "off".to_owned())];
        if self.options.tls.is_some() {
            let file = |name: &str| self.folder.path().join(name).display().to_string();
            settings.push(("ssl", "on".to_owned()));
            settings.push(("ssl_cert_file", file("server.pem")));
            settings.push(("ssl_key_file", file("server.key")));
            settings.push(("ssl_ca_file", file("ca.pem")));
        }
        let ours = settings.into_iter().map(|(name, value)| (name.to_owned(), value));
        ours.chain(self.options.extra.iter().cloned()).collect()
    }

    fn create_database(&self, name: &str) -> Result<()> {
        let mut command = self.command("createdb");
        command.arg("--host").arg(self.folder.path()).args(["--port", &self.port.to_string()]);
        command.args(["--username", USER, "--maintenance-db", "postgres", name]).current_dir("/");
        run_quietly("make a database", &mut command)
    }

    /// One of its programs, as the account it may run as, ended when we end.
    fn command(&self, program: &str) -> Command {
        let options = ["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups"];
        guarded(self.programs.join(program), if debian::is_root() { &options } else { &[] })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // In order, because only so its shared memory is given back.
        self.stop();
    }
}

/// The folder of the newest release's programs; installed where there is none and we may.
fn programs() -> Result<PathBuf> {
    if let Some(programs) = newest(Path::new(RELEASES)) {
        return Ok(programs);
    }
    debian::install("PostgreSQL", &["postgresql"])?;
    newest(Path::new(RELEASES)).ok_or_else(|| ServersError::Missing {
        what: format!("PostgreSQL {OLDEST} or later below {RELEASES}"),
        remedy: "install the package of a later release".to_owned(),
    })
}

fn newest(releases: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(releases).ok()?.flatten();
    let release = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let usable =
        |release: &u32| *release >= OLDEST && releases.join(format!("{release}/bin/initdb")).exists();
    let newest = entries.filter_map(release).filter(usable).max()?;
    Some(releases.join(format!("{newest}/bin")))
}

fn version(programs: &Path) -> Result<String> {
    let output = Command::new(programs.join("postgres")).arg("--version").output();
    let output = output.map_err(ServersError::io("ask PostgreSQL for its version"))?;
    Ok(version_in(&String::from_utf8_lossy(&output.stdout)))
}

/// The number in "postgres (PostgreSQL) 15.18 (Debian …)".
fn version_in(text: &str) -> String {
    let number = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    text.split_whitespace().find(number).unwrap_or("of an unknown version").to_owned()
}

/// Where we are root: gives a folder and the files in it to the account as which PostgreSQL runs.
fn give_to_account(folder: &Path) -> Result<()> {
    if !debian::is_root() {
        return Ok(());
    }
    let accounts = std::fs::read_to_string("/etc/passwd").map_err(ServersError::io("read /etc/passwd"))?;
    let (user, group) = ids_of(&accounts, ACCOUNT).ok_or_else(|| ServersError::Missing {
        what: format!("the account {ACCOUNT}"),
        remedy: "make it, or run as somebody else than root".to_owned(),
    })?;
    let give = |path: &Path| {
        std::os::unix::fs::chown(path, Some(user), Some(group)).map_err(ServersError::path("give away", path))
    };
    for entry in std::fs::read_dir(folder).map_err(ServersError::path("list", folder))?.flatten() {
        give(&entry.path())?;
    }
    give(folder)
}

/// User and group id of an account in the text of /etc/passwd.
fn ids_of(accounts: &str, name: &str) -> Option<(u32, u32)> {
    let account = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = account.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_that_will_do_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(newest(folder.path()), None);
        for release in ["9.6", "13", "15", "17", "18"] {
            std::fs::create_dir_all(folder.path().join(release).join("bin")).unwrap();
            if release != "18" {
                std::fs::write(folder.path().join(release).join("bin/initdb"), "").unwrap();
            }
        }
        assert_eq!(newest(folder.path()), Some(folder.path().join("17/bin")));
    }

    #[test]
    fn the_version_is_the_number_that_postgres_says() {
        assert_eq!(version_in("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), "15.18");
    }

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts =
            "root:x:0:0::/root:/bin/sh\npostgres2:x:5:5::/:\npostgres:x:101:104:P,,,:/var:/bin/bash\n";
        assert_eq!(ids_of(accounts, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(accounts, "nobody"), None);
    }
}
