//! `crisislens publish`.

use std::io::Read;

use anyhow::Context;
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};

use super::access::Access;
use super::out::say;
use crate::config::Config;

#[derive(Args)]
pub struct Publish {
    /// Name of the topic
    topic: String,
    /// Decides the partition
    #[arg(long)]
    key: String,
    /// Kind of event (ce_type), such as crisislens.raw-item.received
    #[arg(long = "type")]
    kind: String,
    /// Id of the event (ce_id); the same id is applied once [default: a new one]
    #[arg(long)]
    id: Option<String>,
    /// Take the value as it is, be it JSON or not
    #[arg(long)]
    raw: bool,
    /// The value, JSON; `-` is standard input
    #[arg(default_value = "-")]
    value: String,
}

pub async fn run(config: Config, publish: Publish) -> anyhow::Result<()> {
    let bytes = if publish.value == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        bytes
    } else {
        publish.value.into_bytes()
    };
    let mut body = json!({"key": publish.key, "type": publish.kind});
    if publish.raw {
        body["value_base64"] = STANDARD.encode(bytes).into();
    } else {
        body["value"] =
            serde_json::from_slice(&bytes).context("the value is not JSON; --raw sends it anyway")?;
    }
    if let Some(id) = publish.id {
        body["id"] = Value::String(id);
    }
    let access = Access::find(config).await?;
    let path = format!("/api/topics/{}/records", publish.topic);
    let placed = access.call(Method::POST, &path, Some(body.to_string())).await?;
    say(format_args!("{}/{} offset {}", publish.topic, placed["partition"], placed["offset"]));
    access.close().await
}
