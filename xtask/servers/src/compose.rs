//! The compose file, read so that its services can be started without containers: the same commands in the same
//! environment, with the names of containers replaced by where the servers of a test are.
//!
//! Only what our own file uses of the Compose Specification is understood; docker-compose itself checks the rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_yaml_ng::Value;

use crate::{Result, ServersError};

/// Where compose puts secrets.
const SECRETS: &str = "/run/secrets/";

/// A compose file, its variables filled in.
#[derive(Debug, Clone, Deserialize)]
pub struct ComposeFile {
    /// The services by name.
    pub services: BTreeMap<String, Service>,
}

/// One service.
#[derive(Debug, Clone, Deserialize)]
pub struct Service {
    /// How its image is built; only ours are.
    #[serde(default)]
    build: Option<Value>,
    /// What it runs, without the image's entry point.
    #[serde(default)]
    pub command: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, Value>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    depends_on: BTreeMap<String, Value>,
}

/// Where things are without containers.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// `SERVICE:PORT` to what takes its place in a URL, with user and password where it needs some: `kafka:9092` to
    /// `127.0.0.1:20001`, `postgres:5432` to `app:secret@127.0.0.1:20002`.
    pub authorities: BTreeMap<String, String>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, PathBuf>,
    /// Values that go over all others, by variable: what two processes of one machine cannot share, as a port.
    pub values: BTreeMap<String, String>,
}

impl ComposeFile {
    /// Reads a file; `variables` stand for the environment, in which compose would be started.
    pub fn read(file: &Path, variables: &BTreeMap<String, String>) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(ServersError::path("read", file))?;
        Self::parse(&text, variables)
    }

    /// The same from its text.
    pub fn parse(text: &str, variables: &BTreeMap<String, String>) -> Result<Self> {
        let yaml = |error: serde_yaml_ng::Error| ServersError::Compose(error.to_string());
        let mut value: Value = serde_yaml_ng::from_str(text).map_err(yaml)?;
        value.apply_merge().map_err(yaml)?;
        fill_in(&mut value, variables)?;
        serde_yaml_ng::from_value(value).map_err(yaml)
    }

    /// The services that run our own image.
    pub fn ours(&self) -> impl Iterator<Item = (&str, &Service)> {
        self.services
            .iter()
            .filter(|(_, service)| service.build.is_some())
            .map(|(name, it)| (name.as_str(), it))
    }

    /// The environment of a service of ours, to be given to its command outside a container. Fails where it names a
    /// service or a secret that has no place: then the file has grown, and the test has to.
    pub fn environment(&self, name: &str, places: &Places) -> Result<BTreeMap<String, String>> {
        let no = |what: String| ServersError::Compose(format!("service {name}: {what}"));
        let service = self.services.get(name).ok_or_else(|| no("does not exist".to_owned()))?;
        let mut environment = BTreeMap::new();
        for (variable, value) in &service.environment {
            let value = scalar(value).ok_or_else(|| no(format!("{variable} is no plain value")))?;
            let value = match value.strip_prefix(SECRETS) {
                Some(secret) if !service.secrets.iter().any(|given| given == secret) => {
                    return Err(no(format!("{variable} names the secret {secret}, which it is not given")));
                }
                Some(secret) => {
                    let place = places.secrets.get(secret);
                    place
                        .ok_or_else(|| no(format!("the secret {secret} has no place")))?
                        .display()
                        .to_string()
                }
                None => self.relocated(&value, places).map_err(no)?,
            };
            environment.insert(variable.clone(), value);
        }
        environment.extend(places.values.iter().map(|(name, value)| (name.clone(), value.clone())));
        Ok(environment)
    }

    /// Our services in an order in which each comes after those it depends on.
    pub fn order(&self) -> Result<Vec<&str>> {
        let mut order: Vec<&str> = Vec::new();
        let mut waiting: Vec<(&str, &Service)> = self.ours().collect();
        while !waiting.is_empty() {
            let stands = |name: &str| order.contains(&name) || !self.is_ours(name);
            let (ready, rest): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|(_, service)| service.depends_on.keys().all(|name| stands(name)));
            if ready.is_empty() {
                let names: Vec<&str> = rest.iter().map(|(name, _)| *name).collect();
                return Err(ServersError::Compose(format!("{} wait for one another", names.join(", "))));
            }
            order.extend(ready.iter().map(|(name, _)| *name));
            waiting = rest;
        }
        Ok(order)
    }

    fn is_ours(&self, name: &str) -> bool {
        self.services.get(name).is_some_and(|service| service.build.is_some())
    }

    /// A value with the authorities of a URL replaced, several where commas part them.
    fn relocated(&self, value: &str, places: &Places) -> std::result::Result<String, String> {
        let Some((scheme, rest)) = value.split_once("://") else { return Ok(value.to_owned()) };
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        // A password may not hold an @ unless it is written as %40.
        let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
        let mut placed = Vec::new();
        for host in hosts.split(',') {
            match places.authorities.get(host) {
                Some(place) => placed.push(place.as_str()),
                None if self.services.contains_key(host.split(':').next().unwrap_or_default()) => {
                    return Err(format!("{host} has no place"));
                }
                None => return Ok(value.to_owned()),
            }
        }
        Ok(format!("{scheme}://{}{path}", placed.join(",")))
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => None,
    }
}

/// Fills variables into every text of a value.
fn fill_in(value: &mut Value, variables: &BTreeMap<String, String>) -> Result<()> {
    match value {
        Value::String(text) => *text = filled(text, variables)?,
        Value::Sequence(items) => items.iter_mut().try_for_each(|item| fill_in(item, variables))?,
        Value::Mapping(entries) => entries.values_mut().try_for_each(|entry| fill_in(entry, variables))?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Tagged(_) => {}
    }
    Ok(())
}

/// `${NAME}`, `${NAME:-default}`, `${NAME:?why}` and `$$` (Compose Specification, "Interpolation").
fn filled(text: &str, variables: &BTreeMap<String, String>) -> Result<String> {
    let mut done = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        done.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(after) = after.strip_prefix('$') {
            done.push('$');
            rest = after;
            continue;
        }
        let inner = after.strip_prefix('{').and_then(|after| after.split_once('}'));
        let Some((inner, after)) = inner else {
            return Err(ServersError::Compose(format!("a lone $ in {text:?}; write $$")));
        };
        done.push_str(&variable(inner, variables)?);
        rest = after;
    }
    done.push_str(rest);
    Ok(done)
}

fn variable(inner: &str, variables: &BTreeMap<String, String>) -> Result<String> {
    let (name, otherwise) = inner.split_once(':').map_or((inner, None), |(name, rest)| (name, Some(rest)));
    if let Some(value) = variables.get(name).filter(|value| !value.is_empty()) {
        return Ok(value.clone());
    }
    match otherwise.map(|otherwise| otherwise.split_at(1.min(otherwise.len()))) {
        None => Ok(String::new()),
        Some(("-", default)) => Ok(default.to_owned()),
        Some(("?", why)) => Err(ServersError::Compose(format!("{name} is not set: {why}"))),
        Some(_) => Err(ServersError::Compose(format!("${{{inner}}} is not understood"))),
    }
}

#[cfg(test)]
mod tests;
