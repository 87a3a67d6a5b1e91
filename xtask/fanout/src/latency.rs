//! From the acknowledgement of a post to its frame. The figures from the *intended* moment of sending are measured in every
//! case; these beside them leave out what taking the post cost, and count no wait of a publisher that a slow server held up.

use std::collections::BTreeMap;

use crate::client::Client;
use crate::measure::quantile;
use crate::publisher::Progress;

/// Figures of the messages that were measured; none where the client did not note which they were.
pub fn from_acknowledgement(client: &Client<'_>, progress: &Progress) -> BTreeMap<&'static str, f64> {
    let Some(messages) = &client.messages else { return BTreeMap::new() };
    figures(messages, &client.latencies, &progress.acknowledgements())
}

fn figures(
    messages: &[(u32, u32)],
    latencies: &[u32],
    acknowledged: &[Vec<u32>],
) -> BTreeMap<&'static str, f64> {
    let answer = |(stream, number): (u32, u32)| {
        acknowledged.get(stream as usize).and_then(|stream| stream.get(number as usize)).copied()
    };
    let (mut micros, mut answers) = (Vec::with_capacity(latencies.len()), Vec::new());
    let mut before = 0_usize;
    for (message, latency) in messages.iter().zip(latencies) {
        let Some(answered) = answer(*message) else { continue };
        before += usize::from(*latency < answered);
        micros.push(latency.saturating_sub(answered));
        answers.push(answered);
    }
    let share_before = before as f64 / micros.len() as f64;
    BTreeMap::from([
        ("acknowledged_p99_ms", quantile(&mut answers, 0.99)),
        ("from_acknowledged_p50_ms", quantile(&mut micros, 0.5)),
        ("from_acknowledged_p99_ms", quantile(&mut micros, 0.99)),
        ("from_acknowledged_p999_ms", quantile(&mut micros, 0.999)),
        ("before_acknowledged", share_before),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_timed_from_the_answer_to_its_own_post_and_never_less_than_nothing() {
        let acknowledged = [vec![], vec![1_000, 9_000]];
        let seen = figures(&[(1, 0), (1, 1), (1, 2)], &[5_000, 8_000, 7_000], &acknowledged);
        assert!((seen["from_acknowledged_p99_ms"] - 4.0).abs() < 1e-9);
        assert!((seen["before_acknowledged"] - 0.5).abs() < 1e-9, "the third was never answered");
        assert!((seen["acknowledged_p99_ms"] - 9.0).abs() < 1e-9);
    }
}
