//! Whether a text informs about an emergency, and what kind of humanitarian information it gives: two models, one reading.

use crisislens_model::{Humanitarian, HumanitarianCategory, ItemCorrection, RawItem, Relevance, SourceKind};

use super::{Models, Task, has_words, likeliest};
use crate::features;
use crate::lexicon::Find;
use crate::place::Mention;
use crate::text::Doc;

/// From this probability on a text informs.
const INFORMS: f64 = 0.5;
/// Where [`Task::Relevance`] has it.
const INFORMATIVE: usize = 1;

/// What the models say of a text. An authority's bulletin informs by what it is: the models were learnt from posts, in which the terse
/// language of bulletins hardly occurs. A text of too few letters is not judged, and one that informs of nothing has no kind. What people
/// have put right (`to`) goes before all of it.
pub(crate) fn judge(
    models: &Models,
    raw: &RawItem,
    doc: &Doc,
    finds: &[Find],
    mentions: &[Mention],
    to: &ItemCorrection,
) -> (Option<Relevance>, Option<Humanitarian>) {
    let sure = |informative: bool| Relevance { informative, probability: f64::from(u8::from(informative)) };
    let is_official = raw.source_kind == SourceKind::Official;
    let known = to.informs().map(sure).or_else(|| is_official.then(|| sure(true)));
    let put = to.humanitarian.map(|kind| kind.map(|category| Humanitarian { category, probability: 1.0 }));
    if !has_words(doc) {
        return (known, put.flatten());
    }
    // Both models see the same of a text.
    let features = features::read(doc, finds, mentions, Task::Relevance.view()).list;
    let shares = |task: Task| {
        let model = models.of(task);
        task.probabilities(&model.logits(&features)[..model.classes()])
    };
    let relevance = known.unwrap_or_else(|| {
        let probability = shares(Task::Relevance)[INFORMATIVE];
        Relevance { informative: probability >= INFORMS, probability }
    });
    if !relevance.informative {
        return (Some(relevance), None);
    }
    if let Some(put) = put {
        return (Some(relevance), put);
    }
    let shares = shares(Task::Humanitarian);
    let best = likeliest(&shares);
    let humanitarian = HumanitarianCategory::ALL
        .get(best)
        .map(|category| Humanitarian { category: *category, probability: shares[best] });
    (Some(relevance), humanitarian)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_categories_are_the_answers_of_the_model_and_both_models_see_the_same() {
        assert_eq!(HumanitarianCategory::ALL.map(HumanitarianCategory::as_str), Task::Humanitarian.answers());
        assert_eq!(Task::Relevance.answers()[INFORMATIVE], "informative");
        assert_eq!(Task::Relevance.view(), Task::Humanitarian.view());
    }
}
