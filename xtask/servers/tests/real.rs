//! Each server, started for real and treated as the fault lab treats it. Only where `CRISISLENS_TEST_SERVERS=1`.

#![expect(clippy::unwrap_used, reason = "a test that cannot do its work has failed")]

#[cfg(feature = "tls")]
mod secured {
    //! The same behind TLS.

    use std::process::Output;
    use std::sync::Arc;

    use crisislens_servers::{Certificates, Kafka, KafkaOptions, Postgres, PostgresOptions, Security};

    use super::{TOPICS, asked_for, text};

    fn topics(kafka: &Kafka, user: &str, arguments: &[&str]) -> Output {
        let (bootstrap, settings) = (kafka.bootstrap(), kafka.client_settings(user));
        let mut all = vec!["--bootstrap-server", &bootstrap, "--command-config", settings.to_str().unwrap()];
        all.extend(arguments);
        kafka.tool(TOPICS, &all).unwrap()
    }

    #[test]
    fn kafka_with_accounts_lets_in_who_has_rights() {
        if !asked_for("Kafka with TLS and accounts") {
            return;
        }
        let certificates = Arc::new(Certificates::make().unwrap());
        let security = Security::SaslSsl { certificates, acls: true };
        let kafka = Kafka::start(KafkaOptions { security, ..KafkaOptions::default() }).unwrap();
        let created = topics(&kafka, Kafka::ADMIN, &["--create", "--topic", "secret", "--partitions", "1"]);
        assert!(created.status.success(), "{}", text(&created));
        assert!(!text(&topics(&kafka, Kafka::APP, &["--list"])).contains("secret"));
        assert!(text(&topics(&kafka, Kafka::ADMIN, &["--list"])).contains("secret"));
        assert_eq!(kafka.password().map(str::len), Some(32));
    }

    #[test]
    fn kafka_with_client_certificates_answers_to_them_only() {
        if !asked_for("Kafka with client certificates") {
            return;
        }
        let certificates = Arc::new(Certificates::make().unwrap());
        let security = Security::MutualTls { certificates };
        let kafka = Kafka::start(KafkaOptions { security, ..KafkaOptions::default() }).unwrap();
        let created = topics(&kafka, Kafka::APP, &["--create", "--topic", "t", "--partitions", "1"]);
        assert!(created.status.success(), "{}", text(&created));
    }

    #[test]
    fn postgres_with_tls_refuses_a_plain_connection() {
        if !asked_for("PostgreSQL with TLS") {
            return;
        }
        let certificates = Arc::new(Certificates::make().unwrap());
        let server = Postgres::start(PostgresOptions { tls: Some(certificates), extra: Vec::new() }).unwrap();
        let url = server.url();
        assert_eq!(super::query(&url, "select ssl from pg_stat_ssl where pid = pg_backend_pid()"), "t");
        let plain = url.replace("sslmode=verify-full", "sslmode=disable");
        assert!(super::query(&plain, "select 1").contains("no encryption"), "{plain}");
    }
}

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};

use crisislens_servers::{
    Kafka, KafkaOptions, OpenSearch, OpenSearchOptions, Postgres, PostgresOptions, ServersError,
};

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

fn asked_for(what: &str) -> bool {
    let asked = std::env::var_os("CRISISLENS_TEST_SERVERS").is_some_and(|value| value == "1");
    if !asked {
        println!("skipped: {what}, because CRISISLENS_TEST_SERVERS is not 1");
    }
    asked
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn query(url: &str, sql: &str) -> String {
    let output = Command::new("psql").args([url, "-Atc", sql]).output().unwrap();
    text(&output).trim().to_owned()
}

fn get(url: &str, path: &str) -> String {
    let address = url.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

fn is_alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn kafka_comes_back_after_a_kill_with_what_it_had_and_ends_with_its_value() {
    if !asked_for("Kafka") {
        return;
    }
    let kafka = Kafka::start(KafkaOptions::default()).unwrap();
    let bootstrap = kafka.bootstrap();
    let create = ["--bootstrap-server", &bootstrap, "--create", "--topic", "kept", "--partitions", "3"];
    let created = kafka.tool(TOPICS, &create).unwrap();
    assert!(created.status.success(), "{}", text(&created));
    let first = kafka.pid(1).unwrap();
    kafka.kill(1).unwrap();
    assert!(!is_alive(first));
    assert!(matches!(kafka.pid(1), Err(ServersError::Node { node: 1, .. })));
    kafka.start_node(1).unwrap();
    assert_eq!(kafka.bootstrap(), bootstrap);
    let described = kafka.tool(TOPICS, &["--bootstrap-server", &bootstrap, "--describe"]).unwrap();
    assert!(text(&described).contains("PartitionCount: 3"), "{}", text(&described));
    let second = kafka.pid(1).unwrap();
    drop(kafka);
    assert!(!is_alive(second));
}

#[test]
fn kafka_goes_on_with_a_folder_that_is_kept() {
    if !asked_for("Kafka") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let options = KafkaOptions { data_dir: Some(folder.path().join("kafka")), ..KafkaOptions::default() };
    let topics = |kafka: &Kafka, arguments: &[&str]| {
        let bootstrap = kafka.bootstrap();
        text(&kafka.tool(TOPICS, &[&["--bootstrap-server", &bootstrap], arguments].concat()).unwrap())
    };
    let kafka = Kafka::start(options.clone()).unwrap();
    topics(&kafka, &["--create", "--topic", "kept", "--partitions", "3"]);
    drop(kafka);
    let kafka = Kafka::start(options).unwrap();
    assert!(topics(&kafka, &["--list"]).contains("kept"));
}

#[test]
fn opensearch_keeps_what_it_was_given_over_a_stop() {
    if !asked_for("OpenSearch") {
        return;
    }
    let server = OpenSearch::start(OpenSearchOptions::default()).unwrap();
    assert!(get(&server.url(), "/").contains(server.version()));
    let address = server.url();
    let address = address.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).unwrap();
    let head =
        format!("PUT /reports HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    socket.read_to_end(&mut Vec::new()).unwrap();
    server.stop();
    assert_eq!(server.pid(), None);
    server.start_again().unwrap();
    assert!(get(&server.url(), "/_cat/indices").contains("reports"));
    let pid = server.pid().unwrap();
    drop(server);
    assert!(!is_alive(pid));
}

#[test]
fn postgres_keeps_what_it_was_given_over_a_kill() {
    if !asked_for("PostgreSQL") {
        return;
    }
    let server = Postgres::start(PostgresOptions::default()).unwrap();
    assert!(query(&server.url(), "select version()").contains(server.version()));
    assert_eq!(query(&server.url(), "create table kept as select 7 as seven"), "SELECT 1");
    server.kill();
    assert_eq!(server.pid(), None);
    server.start_again().unwrap();
    assert_eq!(query(&server.url(), "select seven from kept"), "7");
    let pid = server.pid().unwrap();
    drop(server);
    assert!(!is_alive(pid));
}
