//! The compose file of the project, and small ones that are wrong.

use super::*;

const OURS: &str = include_str!("../../../../infrastructure/compose/docker-compose.yml");

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn variables() -> BTreeMap<String, String> {
    map(&[
        ("CRISISLENS_POSTGRES_PASSWORD", "of-the-compose-file"),
        ("KAFKA_UI_PASSWORD", "x"),
        ("CRISISLENS_SIGNING_SECRET_FILE", "./signing"),
    ])
}

fn places() -> Places {
    Places {
        authorities: map(&[
            ("kafka:9092", "127.0.0.1:1,127.0.0.1:2"),
            ("postgres:5432", "app:secret@127.0.0.1:3"),
            ("opensearch:9200", "127.0.0.1:4"),
        ]),
        secrets: BTreeMap::from([("signing".to_owned(), PathBuf::from("/tmp/signing"))]),
        values: map(&[("CRISISLENS__HTTP__LISTEN", "127.0.0.1:5")]),
    }
}

#[test]
fn the_services_of_our_image_are_two_nodes_and_what_makes_the_topics_before_them() {
    let file = ComposeFile::parse(OURS, &variables()).unwrap();
    assert_eq!(file.order().unwrap(), ["topics", "crisislens-1", "crisislens-2"]);
    assert_eq!(file.services["topics"].command, ["topics", "init"]);
    assert_eq!(file.services["crisislens-1"].command, ["serve"]);
}

#[test]
fn without_containers_every_engine_of_a_node_is_a_server_of_the_test() {
    let file = ComposeFile::parse(OURS, &variables()).unwrap();
    let environment = file.environment("crisislens-2", &places()).unwrap();
    let value = |name: &str| environment.get(name).map_or("", String::as_str);
    assert_eq!(value("CRISISLENS__LOG__URL"), "kafka://127.0.0.1:1,127.0.0.1:2");
    assert_eq!(value("CRISISLENS__STATE__URL"), "postgres://app:secret@127.0.0.1:3/crisislens");
    assert_eq!(value("CRISISLENS__SEARCH__URL"), "opensearch://127.0.0.1:4/crisislens");
    assert_eq!(value("CRISISLENS__AUTH__SECRET_FILE"), "/tmp/signing");
    assert_eq!(value("CRISISLENS__HTTP__LISTEN"), "127.0.0.1:5");
    assert_eq!(value("CRISISLENS__NODE__NAME"), "crisislens-2");
}

#[test]
fn a_service_or_a_secret_without_a_place_is_an_error() {
    let file = ComposeFile::parse(OURS, &variables()).unwrap();
    let mut nowhere = places();
    nowhere.authorities.remove("opensearch:9200");
    let error = file.environment("crisislens-1", &nowhere).unwrap_err();
    assert!(error.to_string().contains("opensearch:9200 has no place"), "{error}");
    let error =
        file.environment("crisislens-1", &Places { secrets: BTreeMap::new(), ..places() }).unwrap_err();
    assert!(error.to_string().contains("the secret signing has no place"), "{error}");
    let file = "services: {node: {build: ., environment: {SECRET_FILE: /run/secrets/signing}}}";
    let file = ComposeFile::parse(file, &BTreeMap::new()).unwrap();
    let error = file.environment("node", &places()).unwrap_err();
    assert!(error.to_string().contains("which it is not given"), "{error}");
}

#[test]
fn nothing_is_read_as_long_as_a_secret_is_not_set() {
    for name in variables().keys() {
        let mut partial = variables();
        partial.insert(name.clone(), String::new());
        let error = ComposeFile::parse(OURS, &partial).unwrap_err();
        assert!(error.to_string().contains(&format!("{name} is not set")), "{error}");
    }
}

#[test]
fn variables_are_filled_in_as_the_specification_says() {
    let variables = map(&[("SET", "value"), ("EMPTY", "")]);
    let filled = |text| super::filled(text, &variables);
    assert_eq!(filled("a ${SET} b ${SET}").unwrap(), "a value b value");
    assert_eq!(filled("${EMPTY:-127.0.0.1:8000}").unwrap(), "127.0.0.1:8000");
    assert_eq!(filled("${NONE}|$$HOME").unwrap(), "|$HOME");
    assert!(filled("${NONE:?set it}").unwrap_err().to_string().ends_with("set it"));
    assert!(filled("$NONE").is_err());
    assert!(filled("${NONE:+x}").is_err());
}

#[test]
fn services_that_wait_for_one_another_are_found() {
    let file = "services:\n  a: {build: ., depends_on: {b: {}}}\n  b: {build: ., depends_on: {a: {}}}\n";
    let error = ComposeFile::parse(file, &BTreeMap::new()).unwrap().order().unwrap_err();
    assert!(error.to_string().contains("a, b wait for one another"), "{error}");
}
