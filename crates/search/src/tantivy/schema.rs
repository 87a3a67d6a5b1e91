//! The fields of the index. Texts are searchable but not kept: state has them. An index whose schema differs from
//! this one is started over, so changing anything here, or the analyzer's name, rebuilds it.

use ::tantivy::schema::{
    BytesOptions, FAST, Field, INDEXED, IndexRecordOption, Schema, SchemaBuilder, TextFieldIndexing,
    TextOptions,
};

use super::analyzer;
use crate::query::Label;

/// Names of the columns that are read by name.
pub(super) mod name {
    /// Nanoseconds since 1970.
    pub const TIMESTAMP: &str = "timestamp";
    /// Upper half of the id.
    pub const ID_HIGH: &str = "id_high";
    /// Lower half of the id.
    pub const ID_LOW: &str = "id_low";
    /// Risk score; absent where it is not a number.
    pub const RISK: &str = "risk";
    /// Degrees north.
    pub const LAT: &str = "lat";
    /// Degrees east.
    pub const LON: &str = "lon";
    /// The place on the unit sphere.
    pub const SPHERE: [&str; 3] = ["x", "y", "z"];
    /// The item's version.
    pub const VERSION: &str = "version";
    /// What the checksum of the index sums.
    pub const DIGEST: &str = "digest";
}

/// The schema and its fields.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    pub schema: Schema,
    /// The id's 16 bytes, by which an older document is found.
    pub id: Field,
    /// The id again, for reading it fast.
    pub id_high: Field,
    pub id_low: Field,
    pub version: Field,
    pub digest: Field,
    /// Title, text and place name.
    pub text: Field,
    /// Place name.
    pub place: Field,
    pub source: Field,
    pub hazard: Field,
    pub country: Field,
    pub status: Field,
    pub severity: Field,
    pub risk: Field,
    pub timestamp: Field,
    pub lat: Field,
    pub lon: Field,
    /// The place on the unit sphere.
    pub sphere: [Field; 3],
    pub language: Field,
    pub topic: Field,
    pub tag: Field,
    pub informative: Field,
    pub humanitarian: Field,
    /// Whether it is of an exercise.
    pub exercise: Field,
    /// Of which.
    pub world: Field,
    /// Whether it is a published check of a claim.
    pub fact_check: Field,
}

impl Fields {
    pub fn new() -> Self {
        let mut schema = Schema::builder();
        Self {
            id: schema.add_bytes_field("id", BytesOptions::default().set_indexed()),
            id_high: schema.add_u64_field(name::ID_HIGH, FAST),
            id_low: schema.add_u64_field(name::ID_LOW, FAST),
            version: schema.add_u64_field(name::VERSION, FAST),
            digest: schema.add_u64_field(name::DIGEST, FAST),
            text: words(&mut schema, "text", true),
            place: words(&mut schema, "place", false),
            source: label(&mut schema, "source"),
            hazard: label(&mut schema, "hazard"),
            country: label(&mut schema, "country"),
            status: label(&mut schema, "status"),
            severity: label(&mut schema, "severity"),
            risk: schema.add_f64_field(name::RISK, FAST),
            timestamp: schema.add_i64_field(name::TIMESTAMP, FAST),
            lat: schema.add_f64_field(name::LAT, FAST),
            lon: schema.add_f64_field(name::LON, FAST),
            sphere: name::SPHERE.map(|name| schema.add_f64_field(name, FAST)),
            language: label(&mut schema, "language"),
            topic: label(&mut schema, "topic"),
            tag: label(&mut schema, "tag"),
            informative: label(&mut schema, "informative"),
            humanitarian: label(&mut schema, "humanitarian"),
            exercise: schema.add_bool_field("exercise", INDEXED),
            world: label(&mut schema, "world"),
            fact_check: schema.add_bool_field("fact_check", INDEXED),
            schema: schema.build(),
        }
    }
}

impl Fields {
    /// Where the values of a label are.
    pub fn of(&self, label: Label) -> Field {
        match label {
            Label::Language => self.language,
            Label::Topic => self.topic,
            Label::Tag => self.tag,
            Label::Informative => self.informative,
            Label::Humanitarian => self.humanitarian,
        }
    }
}

/// A text with positions, for phrases; with its length where it is ranked by BM25.
fn words(schema: &mut SchemaBuilder, name: &str, is_ranked: bool) -> Field {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(analyzer::NAME)
        .set_fieldnorms(is_ranked)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    schema.add_text_field(name, TextOptions::default().set_indexing_options(indexing))
}

/// A word that is compared as a whole and counted.
fn label(schema: &mut SchemaBuilder, name: &str) -> Field {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    schema.add_text_field(name, TextOptions::default().set_indexing_options(indexing).set_fast("raw"))
}
