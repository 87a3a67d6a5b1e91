//! Settings of brokers and of Kafka's own tools, as text.

use std::fmt::Write;

use super::node::Node;
use super::{Kafka, KafkaOptions, Security};

/// The user as whom brokers talk to one another.
pub const BROKER: &str = "broker";
/// The class that logs a SCRAM user in.
const SCRAM: &str = "org.apache.kafka.common.security.scram.ScramLoginModule";
/// Principals whom access rules do not bind. Controllers talk over a listener of this machine without accounts, so
/// the anonymous principal is among them: never copy that to a deployment.
const SUPER_USERS: &str = "User:broker;User:admin;User:server;User:ANONYMOUS";

/// The settings of one broker and controller among `all`.
pub fn broker(node: &Node, all: &[Node], options: &KafkaOptions, password: &str) -> String {
    let protocol = protocol(&options.security);
    let (replicas, in_sync) = if all.len() >= 3 { (3, 2) } else { (1, 1) };
    let voter = |node: &Node| format!("{}@127.0.0.1:{}", node.id, node.controller_port);
    let voters = all.iter().map(voter).collect::<Vec<_>>().join(",");
    let mut text = format!(
        "process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
listeners={protocol}://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
listener.security.protocol.map={protocol}:{protocol},CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name={protocol}
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor={replicas}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=10
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=10
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=6000
",
        id = node.id,
        port = node.port,
        controller_port = node.controller_port,
        data = node.data().display(),
    );
    text.push_str(&security(&options.security, password));
    for (name, value) in &options.extra {
        // The last one wins.
        let _ = writeln!(text, "{name}={value}");
    }
    text
}

/// The settings with which a tool reaches the brokers.
pub fn client(security: &Security, user: &str, password: &str) -> String {
    let mut text = format!("security.protocol={}\n", protocol(security));
    if let Some(certificates) = security.certificates() {
        let _ = writeln!(
            text,
            "ssl.truststore.type=PEM\nssl.truststore.location={}",
            certificates.ca_file.display()
        );
    }
    match security {
        Security::Plain => {}
        Security::SaslSsl { .. } => {
            let _ =
                writeln!(text, "sasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config={}", login(user, password));
        }
        Security::MutualTls { certificates } => {
            // `admin` comes as the brokers do, everybody else as the client.
            let is_admin = user == Kafka::ADMIN;
            let identity = if is_admin { &certificates.server } else { &certificates.client };
            let _ = writeln!(
                text,
                "ssl.keystore.type=PEM\nssl.keystore.location={}",
                identity.store_file.display()
            );
        }
    }
    text
}

fn protocol(security: &Security) -> &'static str {
    match security {
        Security::Plain => "PLAINTEXT",
        Security::SaslSsl { .. } => "SASL_SSL",
        Security::MutualTls { .. } => "SSL",
    }
}

fn security(security: &Security, password: &str) -> String {
    let Some(certificates) = security.certificates() else { return String::new() };
    let mut text = format!(
        "ssl.keystore.type=PEM
ssl.keystore.location={}
ssl.truststore.type=PEM
ssl.truststore.location={}
",
        certificates.server.store_file.display(),
        certificates.ca_file.display(),
    );
    match security {
        Security::Plain => {}
        Security::SaslSsl { acls, .. } => {
            let _ = write!(
                text,
                "sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={}
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={SCRAM} required;
",
                login(BROKER, password),
            );
            if *acls {
                let _ = write!(
                    text,
                    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users={SUPER_USERS}
"
                );
            }
        }
        Security::MutualTls { .. } => text.push_str(
            "ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/,DEFAULT
",
        ),
    }
    text
}

fn login(user: &str, password: &str) -> String {
    format!("{SCRAM} required username=\"{user}\" password=\"{password}\";")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(nodes: u32, extra: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let all: Vec<Node> = (1..=nodes).map(|id| Node::new(id, folder.path(), 512).unwrap()).collect();
        let extra = extra.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let options = KafkaOptions { nodes, extra, ..KafkaOptions::default() };
        all.iter().map(|node| broker(node, &all, &options, "secret")).collect()
    }

    #[test]
    fn three_nodes_replicate_and_name_one_another() {
        let texts = rendered(3, &[]);
        let voters = |text: &str| text.lines().find(|line| line.contains("voters")).unwrap().to_owned();
        for text in &texts {
            assert!(text.contains("default.replication.factor=3\nmin.insync.replicas=2\n"), "{text}");
            assert_eq!(voters(text), voters(&texts[0]));
            assert_eq!(voters(text).matches('@').count(), 3);
        }
    }

    #[test]
    fn one_node_does_not_replicate_and_settings_of_the_caller_come_last() {
        let texts = rendered(1, &[("min.insync.replicas", "7")]);
        assert!(texts[0].contains("default.replication.factor=1\nmin.insync.replicas=1\n"));
        assert!(texts[0].ends_with("min.insync.replicas=7\n"));
    }

    #[test]
    fn a_plain_client_needs_no_certificate() {
        assert_eq!(client(&Security::Plain, Kafka::APP, "secret"), "security.protocol=PLAINTEXT\n");
    }
}
