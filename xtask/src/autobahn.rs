//! `cargo xtask autobahn`: the Autobahn WebSocket test suite against the product's own WebSocket library, case by case against
//! results that are checked in.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::step;

/// What is run.
#[derive(Args, Default)]
pub struct Autobahn {
    /// Only these cases, such as 9.* or 12.1.1; several with commas
    #[arg(long, value_name = "CASES", value_delimiter = ',')]
    cases: Vec<String>,
    /// Writes what comes out as what is expected
    #[arg(long, conflicts_with = "cases")]
    write: bool,
}

/// How the suite calls the server.
const AGENT: &str = "crisislens";
/// The suite and all it needs, in the last versions for Python 2.7.
const REQUIREMENTS: &str = include_str!("../autobahn/requirements.txt");
/// The last virtualenv that makes environments for Python 2.7.
const VIRTUALENV: &str = "virtualenv<20.22";

/// What the suite says of each case: of the messages, and of how the connection ended.
type Results = BTreeMap<String, (String, String)>;

/// Runs the suite; fails where a case comes out otherwise than expected. Skips, and says why, without Python 2.7.
pub fn run(autobahn: &Autobahn) -> anyhow::Result<()> {
    let Some(python) = python() else {
        eprintln!(
            "• the Autobahn suite is skipped: it needs Python 2.7 with pip. No Debian of today has it; pyenv makes it: \
             `apt-get install build-essential libssl-dev zlib1g-dev libbz2-dev libreadline-dev libsqlite3-dev libffi-dev`, then \
             `pyenv install 2.7.18` (found in $PYENV_ROOT or ~/.pyenv, or as python2.7 on the PATH)"
        );
        return Ok(());
    };
    let folder = step::target().join("autobahn");
    let suite = install(&python, &folder)?;
    let server = Echo::start()?;
    let found = run_suite(&suite, &folder, &server.address, &autobahn.cases)?;
    drop(server);
    ensure!(!found.is_empty(), "the suite has run no case; which there are is in its documentation");
    print_counts(&found);
    let file = step::root().join("xtask/autobahn/expected.json");
    if autobahn.write {
        return write(&file, &found);
    }
    let mut expected = read(&file)?;
    if !autobahn.cases.is_empty() {
        expected.retain(|case, _| found.contains_key(case));
    }
    compare(&expected, &found)?;
    println!(
        "all {} cases as expected; the suite's pages are in {}",
        found.len(),
        folder.join("reports").display()
    );
    Ok(())
}

/// A Python 2.7 that can make environments.
fn python() -> Option<PathBuf> {
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let pyenv = pyenv.or_else(|| std::env::home_dir().map(|home| home.join(".pyenv")));
    let versions = pyenv.and_then(|pyenv| std::fs::read_dir(pyenv.join("versions")).ok());
    let of_pyenv =
        versions.into_iter().flatten().flatten().map(|version| version.path().join("bin/python2.7"));
    [PathBuf::from("python2.7"), PathBuf::from("python2")].into_iter().chain(of_pyenv).find(|python| {
        let code = "import pip, ssl, sys, zlib; sys.exit(sys.version_info[:2] != (2, 7))";
        let tried =
            Command::new(python).args(["-c", code]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    })
}

/// The suite's program, in an environment of its own, which is made where it is not or is another.
fn install(python: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let (environment, tools, installed) =
        (folder.join("python"), folder.join("tools"), folder.join("installed.txt"));
    let suite = environment.join("bin/wstest");
    if suite.exists() && std::fs::read_to_string(&installed).is_ok_and(|text| text == REQUIREMENTS) {
        return Ok(suite);
    }
    std::fs::create_dir_all(folder)?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let mut get = Command::new(python);
    step::quiet(
        "install virtualenv",
        get.args(pip).arg("--upgrade").arg("--target").arg(&tools).arg(VIRTUALENV),
    )?;
    let mut make = Command::new(python);
    make.args(["-m", "virtualenv", "--quiet", "--clear"]).arg(&environment).env("PYTHONPATH", &tools);
    step::quiet("make an environment for Python 2.7", &mut make)?;
    let mut fill = Command::new(environment.join("bin/python"));
    fill.args(pip).arg("-r").arg(step::root().join("xtask/autobahn/requirements.txt"));
    step::quiet("install the Autobahn suite", &mut fill)?;
    std::fs::write(installed, REQUIREMENTS)?;
    Ok(suite)
}

/// The echo server of the library's examples. It ends with its standard input, and so with us.
struct Echo {
    child: Child,
    address: String,
}

impl Echo {
    fn start() -> anyhow::Result<Self> {
        let mut build = step::cargo();
        // Optimised: the suite measures nothing, but it sends gigabytes.
        build.args(["build", "--locked", "--workspace", "--quiet", "--release", "--example", "echo"]);
        step::quiet("build the echo server", &mut build)?;
        let program = step::target().join("release/examples/echo");
        let mut child = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut address = String::new();
        let said = child.stdout.take().context("the echo server has no output")?;
        BufReader::new(said).read_line(&mut address)?;
        Ok(Self { child, address: address.trim().to_owned() })
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn run_suite(suite: &Path, folder: &Path, address: &str, cases: &[String]) -> anyhow::Result<Results> {
    let reports = folder.join("reports");
    if reports.exists() {
        std::fs::remove_dir_all(&reports)?;
    }
    let cases: Vec<&str> =
        if cases.is_empty() { vec!["*"] } else { cases.iter().map(String::as_str).collect() };
    let spec = json!({
        "outdir": reports,
        "servers": [{"agent": AGENT, "url": format!("ws://{address}")}],
        "cases": cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    });
    let file = folder.join("spec.json");
    std::fs::write(&file, spec.to_string())?;
    let mut command = Command::new(suite);
    command.args(["-m", "fuzzingclient", "-s"]).arg(&file).current_dir(folder);
    step::quiet("Autobahn suite", &mut command)?;
    let index: Value = serde_json::from_slice(&std::fs::read(reports.join("index.json"))?)?;
    let cases = index[AGENT].as_object().context("the suite's index.json has no results of ours")?;
    let word = |case: &Value, name: &str| case[name].as_str().unwrap_or("MISSING").to_owned();
    Ok(cases
        .iter()
        .map(|(name, case)| (name.clone(), (word(case, "behavior"), word(case, "behaviorClose"))))
        .collect())
}

fn print_counts(results: &Results) {
    for (title, of) in [("messages", 0), ("close", 1)] {
        let mut counts = BTreeMap::<&str, usize>::new();
        for (messages, close) in results.values() {
            *counts.entry(if of == 0 { messages } else { close }).or_default() += 1;
        }
        let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        println!("{title}: {}", counts.join(", "));
    }
}

/// Prints what differs; fails if anything does.
fn compare(expected: &Results, found: &Results) -> anyhow::Result<()> {
    let differences = differences(expected, found);
    if differences.is_empty() {
        return Ok(());
    }
    println!("{:<10} {:<30} found", "case", "expected");
    for (case, expected, found) in &differences {
        println!("{case:<10} {expected:<30} {found}");
    }
    bail!(
        "what differs from what is expected: {}; where that is right, `cargo xtask autobahn --write` says so",
        differences.len()
    )
}

/// Each case that differs: its name, what was expected and what was found.
fn differences(expected: &Results, found: &Results) -> Vec<(String, String, String)> {
    let shown = |result: Option<&(String, String)>| {
        result.map_or_else(|| "not run".to_owned(), |(messages, close)| format!("{messages}, close {close}"))
    };
    let mut cases: Vec<&String> = expected.keys().chain(found.keys()).collect();
    cases.sort_by_key(|case| place(case));
    cases.dedup();
    cases.retain(|case| expected.get(*case) != found.get(*case));
    cases.into_iter().map(|case| (case.clone(), shown(expected.get(case)), shown(found.get(case)))).collect()
}

/// Orders 2.10 behind 2.9.
fn place(case: &str) -> Vec<u32> {
    case.split('.').map(|part| part.parse().unwrap_or(u32::MAX)).collect()
}

fn read(file: &Path) -> anyhow::Result<Results> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not what `--write` wrote", file.display()))
}

/// One case a line, in the suite's order.
fn write(file: &Path, results: &Results) -> anyhow::Result<()> {
    let mut cases: Vec<_> = results.iter().collect();
    cases.sort_by_key(|(case, _)| place(case));
    let lines: Vec<String> = cases
        .iter()
        .map(|(case, (messages, close))| format!("  {}: {}", json!(case), json!([messages, close])))
        .collect();
    std::fs::write(file, format!("{{\n{}\n}}\n", lines.join(",\n")))?;
    println!("{} is written; look at what git says of it", file.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(cases: &[(&str, &str, &str)]) -> Results {
        let result = |(case, messages, close): &(&str, &str, &str)| {
            ((*case).to_owned(), ((*messages).to_owned(), (*close).to_owned()))
        };
        cases.iter().map(result).collect()
    }

    #[test]
    fn every_case_that_differs_is_told_in_the_suites_order() {
        let expected =
            results(&[("2.9", "OK", "OK"), ("2.10", "OK", "OK"), ("2.11", "OK", "OK"), ("3.1", "OK", "OK")]);
        let found = results(&[
            ("2.9", "OK", "OK"),
            ("2.10", "OK", "FAILED"),
            ("3.1", "FAILED", "OK"),
            ("4.1", "OK", "OK"),
        ]);
        let differences = differences(&expected, &found);
        let cases: Vec<&str> = differences.iter().map(|(case, ..)| case.as_str()).collect();
        assert_eq!(cases, ["2.10", "2.11", "3.1", "4.1"]);
        assert_eq!(differences[0].2, "OK, close FAILED");
        assert_eq!(differences[1].2, "not run");
        assert!(compare(&expected, &found).is_err());
        assert!(compare(&found, &found).is_ok());
    }

    #[test]
    fn what_is_expected_fails_nowhere() {
        let expected = read(&step::root().join("xtask/autobahn/expected.json")).unwrap();
        assert!(expected.len() > 500, "{} cases", expected.len());
        for (case, (messages, close)) in expected {
            assert!(
                matches!(&*messages, "OK" | "NON-STRICT" | "INFORMATIONAL" | "UNIMPLEMENTED"),
                "{case}: {messages}"
            );
            assert!(matches!(&*close, "OK" | "INFORMATIONAL"), "{case}: {close}");
        }
    }
}
