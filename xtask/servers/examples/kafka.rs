//! Starts Kafka, prints its bootstrap address, and ends it when standard input closes: `-- NODES`.

use crisislens_servers::{Kafka, KafkaOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let nodes = std::env::args().nth(1).map_or(Ok(1), |nodes| nodes.parse())?;
    let kafka = Kafka::start(KafkaOptions { nodes, ..KafkaOptions::default() })?;
    println!("{}", kafka.bootstrap());
    eprintln!("Apache Kafka {}; it ends when standard input closes (Ctrl-D)", kafka.version());
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
