//! The product's HTTP API as an impatient client uses it: any node will do, and one that does not answer is left.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The lab's account.
pub const EMAIL: &str = "lab@crisislens.example";
/// Its password.
pub const PASSWORD: &str = "password of one trial";
/// Longest wait for an answer. A node gives up on an append after 25 s, and on a request after 30.
const ANSWER_WITHIN: Duration = Duration::from_secs(35);
/// Things on one page.
const PAGE: usize = 200;
/// Records of one request.
const RECORDS: usize = 1000;

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Api {
    client: reqwest::Client,
    /// The nodes' addresses.
    pub urls: Vec<String>,
    /// The access token; every node takes it.
    pub token: String,
}

/// What came of an ingest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Durable.
    Accepted,
    /// It did not work now, or nobody knows whether it did.
    Unavailable(String),
    /// The request itself is refused.
    Refused(u16, String),
}

impl Api {
    /// Signs the lab's account in on the first of the nodes.
    pub async fn sign_in(urls: Vec<String>) -> anyhow::Result<Self> {
        Self::sign_in_as(urls, EMAIL).await
    }

    /// Signs another account in, which has the same password.
    pub async fn sign_in_as(urls: Vec<String>, email: &str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().no_proxy().timeout(ANSWER_WITHIN).build()?;
        let first = urls.first().context("there is no node")?;
        let body = json!({"email": email, "password": PASSWORD});
        let answer: Value =
            client.post(format!("{first}/api/auth/login")).json(&body).send().await?.json().await?;
        let token = answer["access_token"].as_str().context("login gave no token")?.to_owned();
        Ok(Self { client, urls, token })
    }

    /// Posts raw items to one node.
    pub async fn ingest(&self, node: usize, body: Vec<u8>) -> Answer {
        let url = format!("{}/api/ingest", self.urls[node % self.urls.len()]);
        let request = self.client.post(url).bearer_auth(&self.token);
        let sent = request.header("content-type", "application/json").body(body).send().await;
        let (status, text) = match sent {
            Ok(response) => (response.status(), response.text().await.unwrap_or_default()),
            Err(error) => return Answer::Unavailable(error.to_string()),
        };
        match status {
            StatusCode::ACCEPTED => Answer::Accepted,
            StatusCode::TOO_MANY_REQUESTS => Answer::Unavailable(text),
            status if status.is_client_error() => Answer::Refused(status.as_u16(), text),
            status => Answer::Unavailable(format!("{status}: {text}")),
        }
    }

    /// A request to one node; the status and the JSON body.
    pub async fn call(
        &self,
        node: usize,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        self.call_with(node, method, path, &[], body).await
    }

    /// The same with headers.
    pub async fn call_with(
        &self,
        node: usize,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let url = format!("{}{path}", self.urls[node % self.urls.len()]);
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        Ok((status, response.json().await.unwrap_or(Value::Null)))
    }

    /// Whoever is signed in gets all that is raised by mail at once, however much it is.
    pub async fn want_every_mail(&self) -> anyhow::Result<()> {
        self.want(&["inbox", "email"]).await
    }

    /// The same on these channels.
    pub async fn want(&self, channels: &[&str]) -> anyhow::Result<()> {
        let wanted = json!({ "channels": { "alerts": channels }, "min_severity": "low", "max_per_hour": 0 });
        let path = "/api/notifications/preferences";
        let (status, said) = self.call(0, Method::PUT, path, Some(&wanted)).await?;
        ensure!(status == StatusCode::OK, "preferences: {status} {said}");
        Ok(())
    }

    /// Reads from whichever node answers.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let mut last = String::new();
        for node in 0..self.urls.len() {
            match self.call(node, Method::GET, path, None).await {
                Ok((StatusCode::OK, body)) => return Ok(body),
                Ok((status, body)) => last = format!("{status} {body}"),
                Err(error) => last = error.to_string(),
            }
        }
        bail!("GET {path}: {last}")
    }

    /// What a node's metric stands at; absent where the node does not answer or has not counted yet.
    pub async fn metric(&self, node: usize, name: &str) -> Option<f64> {
        let asked = self.client.get(format!("{}/metrics", self.urls[node % self.urls.len()])).send();
        let text = asked.await.ok()?.text().await.ok()?;
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    /// Every thing of a list.
    pub async fn all(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let join = if path.contains('?') { '&' } else { '?' };
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let mut page = self.get(&format!("{path}{join}limit={PAGE}{cursor}")).await?;
            if let Value::Array(items) = page["items"].take() {
                all.extend(items);
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(all),
            }
        }
    }

    /// Every record of a topic, by partition and offset.
    pub async fn records(&self, topic: &str) -> anyhow::Result<Vec<Value>> {
        let topics = self.topics().await?;
        let view = topics.iter().find(|view| view["name"] == topic).context("no such topic")?;
        let mut all = Vec::new();
        for partition in view["partitions"].as_array().into_iter().flatten() {
            let number = &partition["partition"];
            let mut from = partition["start"].as_u64().context("a partition without start")?;
            let end = partition["end"].as_u64().context("a partition without end")?;
            while from < end {
                let path =
                    format!("/api/topics/{topic}/records?partition={number}&offset={from}&limit={RECORDS}");
                let mut page = self.get(&path).await?;
                let Value::Array(items) = page["items"].take() else { bail!("{path}: no items") };
                let Some(last) = items.last() else { break };
                from = last["offset"].as_u64().context("a record without offset")? + 1;
                all.extend(items);
            }
        }
        Ok(all)
    }

    /// Every topic.
    pub async fn topics(&self) -> anyhow::Result<Vec<Value>> {
        match self.get("/api/topics").await?["items"].take() {
            Value::Array(items) => Ok(items),
            _ => bail!("/api/topics answered no list"),
        }
    }
}
