//! A real OpenSearch behind TLS and a password, as deployments have it: the server that `CRISISLENS_TEST_OPENSEARCH` names, with
//! a proxy of the test's own in front.

use crisislens_search::SearchIndex as _;
use crisislens_search::contract::sample;
use crisislens_search::opensearch::{OpenSearchIndex, OpenSearchOptions};
use crisislens_servers::{Certificates, TlsProxy};

use crate::cluster::{Cluster, total};

#[tokio::test(flavor = "multi_thread")]
async fn behind_tls_and_a_password_it_works_and_what_is_wrong_is_named() {
    let Some(cluster) = Cluster::named() else { return };
    let certificates = Certificates::make().unwrap();
    let upstream = cluster.http.trim_start_matches("http://").parse().unwrap();
    let proxy = TlsProxy::start(upstream, &certificates, Some(("desk", "p@ss/word"))).unwrap();
    let host = proxy.url().replace("https://", "");
    let url = |who: &str, ca: &Certificates| {
        format!("opensearch://{who}@{host}/{}?tls=true&ca={}", cluster.prefix, ca.ca_file.display())
    };
    let right = url("desk:p%40ss%2Fword", &certificates);
    let index = OpenSearchIndex::open(&right, OpenSearchOptions::default()).await.unwrap();
    index.put(sample::items(20)).await.unwrap();
    index.commit([(0, 20)].into()).await.unwrap();
    assert_eq!(index.offsets().await.unwrap(), [(0, 20)].into());
    assert_eq!(total(&*index, "").await, 20);

    let refusal = async |url: &str| {
        let refused = OpenSearchIndex::open(url, OpenSearchOptions::default()).await;
        refused.err().unwrap().to_string()
    };
    let wrong = refusal(&url("desk:guessed", &certificates)).await;
    assert!(wrong.contains("password") && !wrong.contains("guessed"), "{wrong}");
    let other = Certificates::make().unwrap();
    let untrusted = refusal(&url("desk:p%40ss%2Fword", &other)).await;
    assert!(untrusted.contains("certificate") && !untrusted.contains("p@ss"), "{untrusted}");
    let open = format!("opensearch://desk:x@{host}/{}", cluster.prefix);
    assert!(refusal(&open).await.contains(&host), "without TLS it names where it asked");
}
