//! `cargo xtask fuzz`: every target of `fuzz/` under libFuzzer, each for a while.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use clap::Args;

use crate::{packages, step};

/// The release of cargo-fuzz that is installed where there is none.
const CARGO_FUZZ: &str = "0.13.1";
/// The targets, as `fuzz/Cargo.toml` has them.
const TARGETS: [&str; 4] = ["frames", "position", "sse", "token"];
/// Longest input, bytes.
const MAX_BYTES: u32 = 8192;
/// One allocation larger than this fails a target, and so does more memory in all, MiB. What watches memory takes most of it.
const ALLOCATION_MB: u32 = 16;
const MEMORY_MB: u32 = 2048;
/// One input that takes longer fails a target, seconds: the slowest takes a few milliseconds.
const INPUT_S: u32 = 20;

/// What is fuzzed.
#[derive(Args)]
pub struct Fuzz {
    /// How long each target runs
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only this target: frames, position, sse or token
    #[arg(long, value_parser = TARGETS)]
    target: Option<String>,
}

impl Default for Fuzz {
    fn default() -> Self {
        Self { seconds: 60, target: None }
    }
}

/// Runs the targets; fails where one finds something. Skips, and says why, where the compiler cannot.
pub fn run(fuzz: &Fuzz) -> anyhow::Result<()> {
    let compiler = match Compiler::find() {
        Ok(compiler) => compiler,
        Err(why) => {
            eprintln!("• fuzzing is skipped: {why}");
            return Ok(());
        }
    };
    packages::for_builds()?;
    let tool = tool()?;
    let fuzz_folder = step::root().join("fuzz");
    // The same libraries as the product's; what only fuzzing needs is added by cargo.
    std::fs::copy(step::root().join("Cargo.lock"), fuzz_folder.join("Cargo.lock"))?;
    let build = step::target().join("fuzz");
    step::quiet(
        &format!("build the fuzz targets ({})", compiler.name()),
        compiler.command(&tool).args(["fuzz", "build", "--target-dir"]).arg(&build),
    )?;
    let wanted = TARGETS.iter().filter(|name| fuzz.target.as_ref().is_none_or(|target| target == *name));
    for name in wanted {
        let corpus = build.join("corpus").join(name);
        std::fs::create_dir_all(&corpus)?;
        let mut command = compiler.command(&tool);
        command.args(["fuzz", "run", "--target-dir"]).arg(&build).arg(name);
        // What is found goes into the first folder, and what is checked in stays as it is.
        command.arg(&corpus).arg(fuzz_folder.join("seeds").join(name));
        command.args(["--", "-print_final_stats=1", &format!("-max_total_time={}", fuzz.seconds)]);
        command.args([format!("-max_len={MAX_BYTES}"), format!("-timeout={INPUT_S}")]);
        command.args([format!("-malloc_limit_mb={ALLOCATION_MB}"), format!("-rss_limit_mb={MEMORY_MB}")]);
        let said = step::captured(&format!("fuzz {name}"), &mut command).with_context(|| {
            format!("the input is in fuzz/artifacts/{name}: keep it as a seed in fuzz/seeds/{name} once it is mended")
        })?;
        println!("{name}: {} inputs in {} s, nothing found", inputs(&said)?, fuzz.seconds);
    }
    Ok(())
}

/// How many inputs libFuzzer has run.
fn inputs(said: &str) -> anyhow::Result<u64> {
    let count = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let count =
        count.and_then(|count| count.trim().parse().ok()).context("libFuzzer did not say what it has run")?;
    ensure!(count > 0, "libFuzzer has run nothing");
    Ok(count)
}

/// A compiler that takes the unstable flags of fuzzing.
enum Compiler {
    /// The nightly of rustup.
    Nightly,
    /// The one that is there, told to take them all the same.
    Bootstrap,
}

impl Compiler {
    /// The first that works, or why none does.
    fn find() -> Result<Self, &'static str> {
        if !cfg!(all(unix, target_pointer_width = "64")) {
            return Err("libFuzzer runs on 64-bit Linux and macOS");
        }
        [Self::Nightly, Self::Bootstrap].into_iter().find(Self::works).ok_or(
            "neither a nightly compiler (`rustup toolchain install nightly`) nor the present one has AddressSanitizer",
        )
    }

    fn works(&self) -> bool {
        self.command(Path::new("rustc"))
            .args(["-Zsanitizer=address", "--print", "cfg"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Nightly => "nightly",
            Self::Bootstrap => "RUSTC_BOOTSTRAP=1",
        }
    }

    /// A command that, like all it starts, uses this compiler: the cargo that runs us has told its own to its environment.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(step::root())
            .env_remove("CARGO")
            .env_remove("RUSTC")
            .env_remove("RUSTC_BOOTSTRAP");
        match self {
            Self::Nightly => command.env("RUSTUP_TOOLCHAIN", "nightly"),
            Self::Bootstrap => command.env("RUSTC_BOOTSTRAP", "1"),
        };
        command
    }
}

/// `cargo-fuzz`, which is installed under the target folder where there is none.
fn tool() -> anyhow::Result<PathBuf> {
    if step::exists("cargo-fuzz") {
        return Ok("cargo-fuzz".into());
    }
    let folder = step::target().join("tools");
    let tool = folder.join("bin/cargo-fuzz");
    if !tool.exists() {
        let mut command = step::cargo();
        command.args(["install", "cargo-fuzz", "--locked", "--version", CARGO_FUZZ, "--root"]).arg(&folder);
        step::quiet("install cargo-fuzz", &mut command)?;
    }
    Ok(tool)
}
