//! Engines that several nodes share, a test's own: topics with a prefix, a database, indexes with a prefix. They go with it.
#![expect(clippy::unwrap_used, reason = "test support")]

use crisislens_testkit::Servers;
use serde_json::Value;

use crate::support::Server;

/// Where the nodes of a test have their engines.
pub struct Site {
    servers: Servers,
    opensearch: String,
    index: String,
}

impl Site {
    /// `None`, and a line that says so, where the environment does not name all three servers. There are no topics yet.
    pub async fn find() -> Option<Self> {
        let Ok(opensearch) = std::env::var("CRISISLENS_TEST_OPENSEARCH") else {
            println!("skipped: CRISISLENS_TEST_OPENSEARCH names no server");
            return None;
        };
        let servers = Servers::find().await?;
        let index = servers.prefix().trim_end_matches('.').to_owned();
        Some(Self { servers, opensearch, index })
    }

    /// The same with its topics, made as an operator makes them.
    pub async fn with_topics() -> Option<Self> {
        let site = Self::find().await?;
        site.node("operator", &["serve"]).cli(&["topics", "init"]);
        Some(site)
    }

    /// OpenSearch as `host:port`.
    pub fn search_host(&self) -> &str {
        self.opensearch.trim_start_matches("http://").trim_end_matches('/')
    }

    /// A node that is not started. It runs `arguments`.
    pub fn node(&self, name: &str, arguments: &[&str]) -> Server {
        self.node_with(name, &[], arguments)
    }

    /// The index's name on OpenSearch.
    pub fn index(&self) -> &str {
        &self.index
    }

    /// The same with more settings, which win over those of the site.
    pub fn node_with(&self, name: &str, more: &[String], arguments: &[&str]) -> Server {
        let host = self.search_host();
        let sets = [
            format!("node.name={name}"),
            "node.lease_ms=2000".to_owned(),
            format!("log.url={}", self.servers.kafka_url()),
            format!("log.kafka.prefix={}", self.servers.prefix()),
            "log.kafka.session_timeout_ms=6000".to_owned(),
            format!("state.url={}", self.servers.postgres_url()),
            format!("search.url=opensearch://{host}/{}", self.index),
        ];
        let sets = sets.into_iter().chain(more.iter().cloned());
        let settings = sets.flat_map(|set| ["--set".to_owned(), set]).collect();
        Server::prepare_with(settings, arguments)
    }
}

impl Drop for Site {
    /// In a thread of its own, because a test's runtime cannot be waited for from within it.
    fn drop(&mut self) {
        let removing = std::thread::scope(|scope| {
            let removing = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(self.remove_indexes());
            });
            removing.join()
        });
        if removing.is_err() {
            eprintln!("the indexes {}-* could not be removed from the test server", self.index);
        }
    }
}

impl Site {
    async fn remove_indexes(&self) {
        let (http, base) = (reqwest::Client::builder().no_proxy().build().unwrap(), &self.opensearch);
        let list = format!("{base}/_cat/indices/{}-items-*?format=json&h=index", self.index);
        let indexes: Value = http.get(list).send().await.unwrap().json().await.unwrap();
        for index in indexes.as_array().into_iter().flatten() {
            let url = format!("{base}/{}", index["index"].as_str().unwrap());
            http.delete(url).send().await.unwrap();
        }
        let template = format!("{base}/_index_template/{}-items", self.index);
        http.delete(template).send().await.unwrap();
    }
}
