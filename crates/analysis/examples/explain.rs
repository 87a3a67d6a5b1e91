//! Shows what the analyser makes of each line of standard input, as a public post.
//!
//! `echo "Flood in Kerala, 30 dead" | cargo run --release -p crisislens-analysis --example explain`

use std::io::BufRead;

use crisislens_analysis::Analyzer;
use crisislens_model::RawItem;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let analyzer = Analyzer::new()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let raw = RawItem::post("stdin", &line, &line);
        let analysis = analyzer.analyze(&raw);
        println!("{line}\n  language {} {:.2}", analysis.language.code, analysis.language.confidence);
        let hazard = &analysis.hazard;
        println!("  hazard {} {:.2} {:?}", hazard.kind.as_str(), hazard.confidence, hazard.why);
        if let Some(relevance) = analysis.relevance {
            println!("  informative {} {:.2}", relevance.informative, relevance.probability);
        }
        if let Some(said) = analysis.humanitarian {
            println!("  humanitarian {} {:.2}", said.category.as_str(), said.probability);
        }
        match &analysis.location {
            Some(place) => println!(
                "  place {} ({:?}) {} {:.2} {:?}",
                place.name,
                place.country,
                format!("{:?}", place.precision).to_lowercase(),
                place.confidence,
                place.why
            ),
            None => println!("  no place"),
        }
        for other in analysis.location.iter().flat_map(|place| &place.alternatives) {
            println!("    or {} ({:?}) {:.2}", other.name, other.country, other.score);
        }
        for rival in &analysis.rivals {
            println!("    nearly {} ({:?})", rival.name, rival.country);
        }
        let entities: Vec<String> =
            analysis.entities.iter().map(|entity| format!("{}:{}", entity.kind, entity.text)).collect();
        println!("  entities {entities:?}, topics {:?}", analysis.topics);
        for claim in analyzer.claims(&raw, &analysis) {
            let slots = &claim.slots;
            let said = slots.quantity.as_ref().map(|said| (said.low, said.high, said.unit.as_str()));
            let place = slots.place.as_ref().map(|place| place.name.as_str());
            println!(
                "  claim {} {} {said:?} at {place:?} on {:?}",
                claim.topic.as_str(),
                slots.subject,
                slots.time
            );
        }
        println!("  severity {}: {}", analysis.severity.as_str(), analysis.severity_why);
        println!("  risk {:.3} {:?}", analysis.risk_score, analysis.risk_level);
        for part in &analysis.risk_parts {
            println!(
                "    {:<9}{:.2} × {:.3} = {:.3}  {}",
                part.name, part.weight, part.value, part.contribution, part.why
            );
        }
    }
    Ok(())
}
