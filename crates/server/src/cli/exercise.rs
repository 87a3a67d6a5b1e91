//! `crisislens exercise list|start|status|pause|resume|stop`.

use anyhow::{anyhow, ensure};
use axum::http::{Method, StatusCode};
use clap::{Args, Subcommand};
use crisislens_model::exercise::speed_problem;
use serde_json::{Value, json};

use super::access::{Access, Refused};
use super::out::{note, say, say_json};
use crate::config::Config;

#[derive(Subcommand)]
pub enum Exercise {
    /// Lists the recordings that can be played: the folders of exercise.library
    List(Format),
    /// Plays a recording as an exercise: all that comes of it is marked as one, and none of it leaves
    Start {
        /// Name of the recording, as `crisislens exercise list` has it
        name: String,
        /// How many times faster than recorded, 0.01 to 1000
        #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = speed)]
        speed: f64,
        #[command(flatten)]
        format: Format,
    },
    /// Shows the exercise that runs, or the last one
    Status(Format),
    /// Halts the exercise; the time until it goes on does not count
    Pause(Format),
    /// Lets a halted exercise go on where it was
    Resume(Format),
    /// Ends the exercise for good; what it has said stays, marked as it is
    Stop(Format),
}

#[derive(Args, Clone, Copy)]
pub struct Format {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

fn speed(word: &str) -> Result<f64, String> {
    let speed: f64 = word.parse().map_err(|_| "is no number".to_owned())?;
    speed_problem(speed).map_or(Ok(speed), Err)
}

pub async fn run(config: Config, exercise: Exercise) -> anyhow::Result<()> {
    let access = Access::find(config).await?;
    let done = match exercise {
        Exercise::List(format) => list(&access, format).await,
        Exercise::Start { name, speed, format } => start(&access, &name, speed, format).await,
        Exercise::Status(format) => status(&access, format).await,
        Exercise::Pause(format) => tell(&access, "pause", format).await,
        Exercise::Resume(format) => tell(&access, "resume", format).await,
        Exercise::Stop(format) => tell(&access, "stop", format).await,
    };
    access.close().await?;
    done
}

async fn list(access: &Access, format: Format) -> anyhow::Result<()> {
    let found = access.call(Method::GET, "/api/exercises", None).await?;
    let recordings = found["items"].as_array().map_or(&[][..], Vec::as_slice);
    for recording in recordings {
        if format.json {
            say_json(recording)?;
            continue;
        }
        let name = recording["name"].as_str().unwrap_or_default();
        match recording["problem"].as_str() {
            Some(problem) => say(format_args!("{name}: cannot be played: {problem}")),
            None => say(format_args!(
                "{name}: {}, {} items, {} s at speed 1, recorded {} to {}",
                recording["title"].as_str().unwrap_or_default(),
                recording["items"],
                seconds(&recording["length_s"]),
                recording["from"].as_str().unwrap_or_default(),
                recording["to"].as_str().unwrap_or_default(),
            )),
        }
    }
    if recordings.is_empty() && !format.json {
        note("there are no recordings; exercise.library is a folder of them");
    }
    Ok(())
}

async fn start(access: &Access, name: &str, speed: f64, format: Format) -> anyhow::Result<()> {
    let body = json!({ "recording": name, "speed": speed });
    let exercise = access.call(Method::POST, "/api/exercise", Some(body.to_string())).await?;
    if access.is_here() {
        note("no server runs here; the exercise is played once one does");
    }
    show(&exercise, format)
}

async fn status(access: &Access, format: Format) -> anyhow::Result<()> {
    let exercise = access.call(Method::GET, "/api/exercise", None).await.map_err(|error| {
        let is_none = Refused::status_of(&error) == Some(StatusCode::NOT_FOUND);
        if is_none { anyhow!("no exercise was started yet") } else { error }
    })?;
    show(&exercise, format)
}

async fn tell(access: &Access, word: &str, format: Format) -> anyhow::Result<()> {
    show(&access.call(Method::POST, &format!("/api/exercise/{word}"), None).await?, format)
}

fn show(exercise: &Value, format: Format) -> anyhow::Result<()> {
    if format.json {
        return say_json(exercise);
    }
    let word = |name: &str| exercise[name].as_str().unwrap_or_default();
    ensure!(!word("state").is_empty(), "the answer is no exercise");
    say(format_args!(
        "{} {} at speed {}: {} of {} items, at {} of {} s; started by {} at {}",
        word("recording"),
        word("state"),
        exercise["speed"],
        exercise["sent"],
        exercise["total"],
        seconds(&exercise["position_s"]),
        seconds(&exercise["length_s"]),
        word("name"),
        word("started_at"),
    ));
    if let Some(error) = exercise["error"].as_str() {
        say(format_args!("it could not go on: {error}"));
    }
    Ok(())
}

fn seconds(value: &Value) -> String {
    format!("{:.1}", value.as_f64().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_speed_that_can_be_played_is_taken() {
        for good in ["0.01", "1", "60", "1000", "1e2"] {
            assert!(speed(good).is_ok(), "{good}");
        }
        for bad in ["0", "-1", "0.001", "1000.1", "NaN", "inf", "-inf", "1e999", "fast", ""] {
            assert!(speed(bad).is_err(), "{bad}");
        }
    }
}
