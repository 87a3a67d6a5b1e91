//! Brokers that ask who comes: with accounts over TLS, and with client certificates. Each refusal is named within seconds.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crisislens_log::kafka::{KafkaSettings, Protection};
use crisislens_log::{EventLog as _, LogError, ReadLimit};
use crisislens_model::Topic;
use crisislens_servers::{Certificates, Kafka, KafkaOptions, Security};
use tempfile::TempDir;

use super::{Cluster, may_start, record, start, until};

/// Within so long a refusal must be named.
const SECONDS: Duration = Duration::from_secs(6);

/// Opens the log, which must be refused for good and soon; the reason.
async fn refusal(cluster: &Cluster) -> String {
    let began = Instant::now();
    let Err(error) = cluster.try_open().await else { panic!("it must be refused") };
    assert!(began.elapsed() < SECONDS, "{:?}: {error}", began.elapsed());
    let LogError::Setup(reason) = error else { panic!("waiting does not help here: {error}") };
    reason
}

fn with(cluster: &Cluster, change: impl FnOnce(&mut KafkaSettings)) -> Cluster {
    let mut settings = cluster.settings.clone();
    change(&mut settings);
    Cluster { url: cluster.url.clone(), settings }
}

/// Appends, reads and joins: all that a node does.
async fn assert_works(cluster: &Cluster) {
    let log = cluster.open().await;
    let placed = log.append(vec![record(Topic::Claims, "k", "v")]).await.unwrap().remove(0);
    let limit = ReadLimit { records: 1, bytes: 1 };
    let read = log.read(Topic::Claims, placed.partition, placed.offset, limit).await.unwrap();
    assert_eq!(read[0].value.as_deref(), Some(&b"v"[..]));
    let member = log.join("crisis-lens-main", Topic::Claims).await.unwrap();
    until("it has partitions", async || !member.assignment.borrow().is_empty()).await;
    drop(member);
    log.close(Duration::from_secs(10)).await.unwrap();
}

fn password_file(dir: &TempDir, name: &str, password: &str) -> Option<std::path::PathBuf> {
    let file = dir.path().join(name);
    std::fs::write(&file, format!("{password}\n")).unwrap();
    Some(file)
}

async fn allow(kafka: &Arc<Kafka>, resource: &str, name: &str, operations: &[&'static str]) {
    let (kafka, resource, name) = (Arc::clone(kafka), resource.to_owned(), name.to_owned());
    let operations = operations.to_vec();
    let output = tokio::task::spawn_blocking(move || {
        let (bootstrap, settings) = (kafka.bootstrap(), kafka.client_settings(Kafka::ADMIN));
        let mut arguments = vec!["--bootstrap-server", &bootstrap, "--command-config"];
        arguments.extend([settings.to_str().unwrap(), "--add", "--allow-principal", "User:app", "--force"]);
        arguments.extend([resource.as_str(), &name, "--resource-pattern-type", "prefixed"]);
        operations.iter().for_each(|operation| arguments.extend(["--operation", operation]));
        kafka.tool("org.apache.kafka.tools.AclCommand", &arguments)
    });
    let output = output.await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_over_tls_are_let_in_by_their_rights_and_everything_else_is_named() {
    if !may_start("Kafka with TLS, accounts and access rules") {
        return;
    }
    let (dir, certificates) = (TempDir::new().unwrap(), Arc::new(Certificates::make().unwrap()));
    let security = Security::SaslSsl { certificates: Arc::clone(&certificates), acls: true };
    let kafka = start(KafkaOptions { security, ..KafkaOptions::default() }).await;
    let mut cluster = Cluster::at(&kafka.bootstrap());
    cluster.settings.security = Protection::SaslTls;
    cluster.settings.username = Kafka::ADMIN.to_owned();
    cluster.settings.password_file = password_file(&dir, "right", kafka.password().unwrap());
    cluster.settings.ca_file = Some(certificates.ca_file.clone());
    cluster.make_topics().await;
    assert_works(&cluster).await;

    let wrong = password_file(&dir, "wrong", "guessed");
    let reason = refusal(&with(&cluster, |settings| settings.password_file = wrong)).await;
    assert!(reason.to_lowercase().contains("authentication failed"), "{reason}");
    let other = Certificates::make().unwrap();
    let reason = refusal(&with(&cluster, |settings| settings.ca_file = Some(other.ca_file.clone()))).await;
    assert!(reason.contains("certificate verify failed"), "{reason}");
    let unencrypted = with(&cluster, |settings| {
        settings.security = Protection::Plaintext;
        settings.ca_file = None;
        settings.request_timeout_ms = 2_000;
    });
    assert!(unencrypted.try_open().await.is_err(), "without TLS nobody is let in");

    // A user without rights, who gets them one by one.
    let app = with(&cluster, |settings| settings.username = Kafka::APP.to_owned());
    let reason = refusal(&app).await;
    assert!(reason.contains("raw-items") && reason.contains("Describe"), "{reason}");
    let prefix = &cluster.settings.prefix;
    allow(&kafka, "--topic", prefix, &["Describe"]).await;
    let log = app.open().await;
    let began = Instant::now();
    let refused = log.append(vec![record(Topic::Claims, "k", "v")]).await.unwrap_err().to_string();
    assert!(refused.to_lowercase().contains("authorization failed"), "{refused}");
    let limit = ReadLimit { records: 1, bytes: 1 };
    let partition =
        cluster.open().await.append(vec![record(Topic::Claims, "k", "v")]).await.unwrap()[0].partition;
    let refused = log.read(Topic::Claims, partition, 0, limit).await.unwrap_err().to_string();
    assert!(refused.to_lowercase().contains("authorization failed"), "{refused}");
    assert!(began.elapsed() < SECONDS * 2, "{:?}", began.elapsed());
    let mut kept_out = log.join("crisis-lens-main", Topic::Claims).await.unwrap();
    let told = tokio::time::timeout(SECONDS, kept_out.trouble.wait_for(Option::is_some)).await;
    let reason = told.expect("in time").unwrap().clone().unwrap();
    assert!(reason.contains("crisis-lens-main") && reason.contains("Read and Describe"), "{reason}");
    allow(&kafka, "--topic", prefix, &["Read", "Write", "Describe"]).await;
    allow(&kafka, "--group", prefix, &["Read", "Describe"]).await;
    until("it has its place once it may", async || !kept_out.assignment.borrow().is_empty()).await;
    assert_eq!(*kept_out.trouble.borrow(), None, "and nothing is in its way any more");
    drop(kept_out);
    log.close(Duration::from_secs(10)).await.unwrap();
    assert_works(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_client_certificates_only_those_who_have_one_are_let_in() {
    if !may_start("Kafka with client certificates") {
        return;
    }
    let certificates = Arc::new(Certificates::make().unwrap());
    let security = Security::MutualTls { certificates: Arc::clone(&certificates) };
    let kafka = start(KafkaOptions { security, ..KafkaOptions::default() }).await;
    let mut cluster = Cluster::at(&kafka.bootstrap());
    let client = |settings: &mut KafkaSettings, certificate: &Path, key: &Path| {
        settings.cert_file = Some(certificate.to_owned());
        settings.key_file = Some(key.to_owned());
    };
    cluster.settings.security = Protection::Tls;
    cluster.settings.ca_file = Some(certificates.ca_file.clone());
    client(&mut cluster.settings, &certificates.client.certificate_file, &certificates.client.key_file);
    cluster.make_topics().await;
    assert_works(&cluster).await;

    let nobody = with(&cluster, |settings| (settings.cert_file, settings.key_file) = (None, None));
    let reason = refusal(&nobody).await;
    assert!(reason.contains("SSL") && reason.contains("certificate"), "{reason}");
    let other = Certificates::make().unwrap();
    let stranger = with(&cluster, |settings| {
        client(settings, &other.client.certificate_file, &other.client.key_file);
    });
    let reason = refusal(&stranger).await;
    assert!(reason.contains("SSL"), "{reason}");
}
