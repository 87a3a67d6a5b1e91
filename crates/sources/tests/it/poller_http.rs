//! The poller over real HTTP, against a server on this machine.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use crisislens_model::{SourceKind, SystemClock};
use crisislens_sources::poll::{FetchError, ForbiddenAddress, PollError};
use crisislens_sources::{AddressPolicy, Format, GuardedClient, Poller, PollerConfig};
use wiremock::matchers::{header, header_exists, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::{MemoryJournal, MemorySink, fixture};

const QUAKE: &str = r#"{"type":"FeatureCollection","features":[
    {"id":"a","properties":{"time":1478198296090,"mag":5.0,"title":"M 5.0"},"geometry":null},
    {"id":"b","properties":{"time":"soon"}}]}"#;

struct Bench {
    server: MockServer,
    sink: Arc<MemorySink>,
    journal: Arc<MemoryJournal>,
}

impl Bench {
    async fn new() -> Self {
        let (sink, journal) = (Arc::default(), Arc::default());
        Self { server: MockServer::start().await, sink, journal }
    }

    async fn answer(&self, response: ResponseTemplate) {
        self.server.reset().await;
        Mock::given(method("GET")).respond_with(response).mount(&self.server).await;
    }

    fn poller(&self, change: impl Fn(&mut PollerConfig)) -> Poller {
        let url = self.server.uri().parse().unwrap();
        let mut config = PollerConfig::new("usgs", SourceKind::Official, Format::UsgsGeoJson, url);
        change(&mut config);
        let client = GuardedClient::new(AddressPolicy::AllowPrivate, "mailto:desk@example.org").unwrap();
        Poller::http(config, client, self.sink.clone(), self.journal.clone(), Arc::new(SystemClock))
    }
}

#[tokio::test]
async fn a_bad_entry_is_skipped_and_the_source_introduces_itself() {
    let bench = Bench::new().await;
    let agent = format!("CrisisLens/{} (+mailto:desk@example.org)", env!("CARGO_PKG_VERSION"));
    Mock::given(header("user-agent", agent.as_str()))
        .respond_with(ResponseTemplate::new(200).set_body_string(QUAKE))
        .mount(&bench.server)
        .await;
    let polled = bench.poller(|_| {}).poll_once().await.unwrap();
    assert_eq!((polled.entries, polled.published, polled.skipped), (2, 1, 1));
    let status = bench.journal.status("usgs");
    assert_eq!((status.entries, status.published, status.skipped), (2, 1, 1));
    assert_eq!(status.recent_skips[0].entry, "b");
}

#[tokio::test]
async fn validators_are_sent_back_and_304_publishes_nothing() {
    let bench = Bench::new().await;
    let full = ResponseTemplate::new(200)
        .insert_header("etag", "\"v1\"")
        .insert_header("last-modified", "Thu, 03 Nov 2016 18:47:42 GMT")
        .set_body_string(QUAKE);
    bench.answer(full).await;
    bench.poller(|_| {}).poll_once().await.unwrap();
    bench.server.reset().await;
    Mock::given(header("if-none-match", "\"v1\""))
        .and(header_exists("if-modified-since"))
        .respond_with(ResponseTemplate::new(304))
        .mount(&bench.server)
        .await;
    let mut again = bench.poller(|_| {});
    again.recall().await.unwrap();
    assert!(again.poll_once().await.unwrap().not_modified);
    assert_eq!(bench.sink.items().len(), 1);
}

#[tokio::test]
async fn a_restart_publishes_only_what_changed() {
    let bench = Bench::new().await;
    bench.answer(ResponseTemplate::new(200).set_body_string(QUAKE)).await;
    bench.poller(|_| {}).poll_once().await.unwrap();
    let mut again = bench.poller(|_| {});
    again.recall().await.unwrap();
    assert_eq!(again.poll_once().await.unwrap().published, 0);
    bench.answer(ResponseTemplate::new(200).set_body_string(QUAKE.replace("5.0", "5.3"))).await;
    let polled = again.poll_once().await.unwrap();
    assert_eq!((polled.published, polled.changed), (1, 1));
    let items = bench.sink.items();
    assert_eq!(items[0].id, items[1].id);
    assert_ne!(items[0].content_hash(), items[1].content_hash());
}

#[tokio::test]
async fn a_server_error_and_a_refused_log_leave_the_memory_as_it_was() {
    let bench = Bench::new().await;
    bench.answer(ResponseTemplate::new(500).insert_header("retry-after", "7")).await;
    let mut poller = bench.poller(|_| {});
    let error = poller.poll_once().await.unwrap_err();
    let expected = FetchError::Status { status: 500, retry_after: Some(Duration::from_secs(7)) };
    assert_eq!(error, PollError::Fetch(expected));
    assert_eq!(bench.journal.status("usgs").last_error.as_deref(), Some("answered 500"));
    bench.answer(ResponseTemplate::new(200).insert_header("etag", "\"v1\"").set_body_string(QUAKE)).await;
    bench.sink.fail(1);
    assert!(matches!(poller.poll_once().await, Err(PollError::Publish(_))));
    assert_eq!(bench.journal.memory("usgs").etag, None);
    assert_eq!(poller.poll_once().await.unwrap().published, 1);
}

#[tokio::test]
async fn documents_that_are_too_large_are_dropped_even_when_they_swell() {
    let bench = Bench::new().await;
    let limit = |config: &mut PollerConfig| config.max_bytes = 10_000;
    bench.answer(ResponseTemplate::new(200).set_body_bytes(vec![b' '; 10_001])).await;
    let large = PollError::Fetch(FetchError::TooLarge { limit: 10_000 });
    assert_eq!(bench.poller(limit).poll_once().await.unwrap_err(), large);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![b' '; 5_000_000]).unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 10_000);
    let bomb = ResponseTemplate::new(200).insert_header("content-encoding", "gzip").set_body_bytes(packed);
    bench.answer(bomb).await;
    assert_eq!(bench.poller(limit).poll_once().await.unwrap_err(), large);
}

fn activations(codes: std::ops::Range<u32>, next: &str) -> ResponseTemplate {
    let entries: Vec<String> = codes
        .map(|code| {
            format!(r#"{{"code":"EMSR{code}","name":"Flood","activationTime":"2026-01-02T15:16:00"}}"#)
        })
        .collect();
    let next = if next.is_empty() { "null".to_owned() } else { format!("\"{next}\"") };
    ResponseTemplate::new(200)
        .insert_header("etag", "\"e\"")
        .set_body_string(format!(r#"{{"next":{next},"results":[{}]}}"#, entries.join(",")))
}

async fn page(bench: &Bench, at: &str, response: ResponseTemplate, times: u64) {
    Mock::given(path(at)).respond_with(response).expect(times).mount(&bench.server).await;
}

#[tokio::test]
async fn pages_are_read_until_one_brings_no_news() {
    let bench = Bench::new().await;
    let mut poller = bench.poller(|config| config.format = Format::CopernicusEms);
    page(&bench, "/", activations(0..3, "/2"), 1).await;
    page(&bench, "/2", activations(3..6, "/3"), 1).await;
    page(&bench, "/3", activations(6..8, ""), 1).await;
    let polled = poller.poll_once().await.unwrap();
    assert_eq!((polled.entries, polled.published), (8, 8));
    bench.server.verify().await;
    bench.server.reset().await;
    page(&bench, "/", activations(0..3, "/2"), 1).await;
    page(&bench, "/2", activations(3..6, "/3"), 0).await;
    assert_eq!(poller.poll_once().await.unwrap().entries, 3, "what is behind old news is older");
}

#[tokio::test]
async fn no_more_pages_are_read_than_one_poll_may() {
    let bench = Bench::new().await;
    let mut poller = bench.poller(|config| {
        (config.format, config.max_pages) = (Format::CopernicusEms, 2);
    });
    page(&bench, "/", activations(0..3, "/2"), 1).await;
    page(&bench, "/2", activations(3..6, "/3"), 1).await;
    page(&bench, "/3", activations(6..9, "/3"), 0).await;
    assert_eq!(poller.poll_once().await.unwrap().entries, 6);
}

#[tokio::test]
async fn a_page_that_fails_is_asked_for_again_with_all_before_it() {
    let bench = Bench::new().await;
    let mut poller = bench.poller(|config| config.format = Format::CopernicusEms);
    page(&bench, "/", activations(0..3, "/2"), 1).await;
    page(&bench, "/2", ResponseTemplate::new(500), 1).await;
    poller.poll_once().await.unwrap_err();
    bench.server.reset().await;
    page(&bench, "/", activations(0..3, "/2"), 1).await;
    page(&bench, "/2", activations(3..6, ""), 1).await;
    let polled = poller.poll_once().await.unwrap();
    assert_eq!((polled.entries, polled.published), (6, 6));
}

#[tokio::test]
async fn a_page_elsewhere_is_not_asked_for() {
    let (bench, other) = (Bench::new().await, MockServer::start().await);
    Mock::given(method("GET")).respond_with(activations(3..6, "")).expect(0).mount(&other).await;
    page(&bench, "/", activations(0..3, &format!("{}/2", other.uri())), 1).await;
    let error = bench.poller(|config| config.format = Format::CopernicusEms).poll_once().await.unwrap_err();
    assert!(matches!(error, PollError::Fetch(FetchError::Elsewhere(_))), "{error}");
}

#[tokio::test]
async fn a_list_of_files_leads_to_the_newest_and_its_zip_is_read() {
    let bench = Bench::new().await;
    let list = format!("1 a {0}/x.export.CSV.zip\n2 b {0}/x.mentions.CSV.zip\n", bench.server.uri());
    page(&bench, "/", ResponseTemplate::new(200).set_body_string(list), 1).await;
    let mut zip = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0x".to_vec();
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    deflate.write_all(&fixture("gdelt-events.tsv")).unwrap();
    zip.extend(deflate.finish().unwrap());
    page(&bench, "/x.export.CSV.zip", ResponseTemplate::new(200).set_body_bytes(zip), 1).await;
    let polled = bench.poller(|config| config.format = Format::Gdelt).poll_once().await.unwrap();
    assert_eq!(polled.published, 2);
}

#[tokio::test]
async fn a_document_that_was_cut_off_is_asked_for_again() {
    let bench = Bench::new().await;
    let mut poller = bench.poller(|config| config.format = Format::CopernicusEms);
    let entry = r#"{"code":"EMSR1","name":"Flood","activationTime":"2026-01-02T15:16:00"}"#;
    let cut = format!(r#"{{"results":[{entry},{{"code"#);
    bench.answer(ResponseTemplate::new(200).insert_header("etag", "\"e\"").set_body_string(cut)).await;
    let polled = poller.poll_once().await.unwrap();
    assert_eq!((polled.published, polled.skipped), (1, 1));
    assert_eq!(bench.journal.memory("usgs").etag, None);
}

#[tokio::test]
async fn a_server_that_is_too_slow_is_left() {
    let bench = Bench::new().await;
    bench.answer(ResponseTemplate::new(200).set_delay(Duration::from_secs(60))).await;
    let mut poller = bench.poller(|config| config.timeout = Duration::from_millis(200));
    assert!(matches!(poller.poll_once().await, Err(PollError::Fetch(FetchError::TimedOut(_)))));
}

#[tokio::test]
async fn redirects_are_followed_three_times_and_no_more() {
    let bench = Bench::new().await;
    let uri = bench.server.uri();
    Mock::given(path("/")).respond_with(redirect(&format!("{uri}/1"))).mount(&bench.server).await;
    Mock::given(path("/1")).respond_with(redirect("/2")).mount(&bench.server).await;
    Mock::given(path("/2")).respond_with(redirect("/end")).mount(&bench.server).await;
    Mock::given(path("/end"))
        .respond_with(ResponseTemplate::new(200).set_body_string(QUAKE))
        .mount(&bench.server)
        .await;
    assert_eq!(bench.poller(|_| {}).poll_once().await.unwrap().published, 1);
    bench.server.reset().await;
    let circle = |request: &Request| redirect(&format!("{}x", request.url.path()));
    Mock::given(method("GET")).respond_with(circle).mount(&bench.server).await;
    let error = bench.poller(|_| {}).poll_once().await.unwrap_err();
    assert_eq!(error, PollError::Fetch(ForbiddenAddress::TooManyRedirects.into()));
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused() {
    let bench = Bench::new().await;
    let own = bench.server.address();
    for target in ["http://169.254.169.254/latest/meta-data/", "http://localhost/", "http://127.0.0.2/"] {
        bench.answer(redirect(target)).await;
        let url = bench.server.uri().parse().unwrap();
        let config = PollerConfig::new("usgs", SourceKind::Official, Format::UsgsGeoJson, url);
        let client =
            GuardedClient::new(AddressPolicy::PublicAnd(own.ip()), "mailto:desk@example.org").unwrap();
        let mut poller =
            Poller::http(config, client, bench.sink.clone(), bench.journal.clone(), Arc::new(SystemClock));
        let error = poller.poll_once().await.unwrap_err();
        assert!(matches!(error, PollError::Fetch(FetchError::Forbidden(_))), "{target}: {error}");
    }
    bench.answer(redirect("file:///etc/passwd")).await;
    let error = bench.poller(|_| {}).poll_once().await.unwrap_err();
    assert!(
        matches!(error, PollError::Fetch(FetchError::Status { status: 302, .. })),
        "not even tried: {error}"
    );
}

#[tokio::test]
async fn private_addresses_are_refused_before_a_connection_is_made() {
    let bench = Bench::new().await;
    bench.answer(ResponseTemplate::new(200).set_body_string(QUAKE)).await;
    let port = bench.server.address().port();
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433"] {
        let url = format!("http://{host}:{port}/").parse().unwrap();
        let config = PollerConfig::new("usgs", SourceKind::Official, Format::UsgsGeoJson, url);
        let client = GuardedClient::new(AddressPolicy::PublicOnly, "mailto:desk@example.org").unwrap();
        let mut poller =
            Poller::http(config, client, bench.sink.clone(), bench.journal.clone(), Arc::new(SystemClock));
        let error = poller.poll_once().await.unwrap_err();
        assert!(matches!(error, PollError::Fetch(FetchError::Forbidden(_))), "{host}: {error}");
    }
    assert!(bench.server.received_requests().await.unwrap().is_empty());
}

fn redirect(to: &str) -> ResponseTemplate {
    ResponseTemplate::new(302).insert_header("location", to)
}
