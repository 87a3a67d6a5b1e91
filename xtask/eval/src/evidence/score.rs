//! Average precision at five, as the task's scorer computes it, and F1 of classes.

/// Of each question the hits looked at.
const AT: usize = 5;

/// Average precision of the first [`AT`] hits, of which `right` says whether each is right, where `all` are.
pub(super) fn average_precision(right: impl Iterator<Item = bool>, all: usize) -> f64 {
    let (mut found, mut sum) = (0.0, 0.0);
    for (at, right) in right.take(AT).enumerate() {
        if right {
            found += 1.0;
            sum += found / (at as f64 + 1.0);
        }
    }
    sum / all.clamp(1, AT) as f64
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// F1 of `class` over pairs of gold and answer.
pub(super) fn f1(pairs: &[(usize, usize)], class: usize) -> f64 {
    let count = |is: fn(bool, bool) -> bool| {
        pairs.iter().filter(|(gold, said)| is(*gold == class, *said == class)).count() as f64
    };
    let both = count(|gold, said| gold && said);
    2.0 * both / (count(|gold, _| gold) + count(|_, said| said)).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_counts_where_right_hits_stand() {
        let ap = |right: &[bool], all| average_precision(right.iter().copied(), all);
        assert!((ap(&[true, false], 1) - 1.0).abs() < 1e-9);
        assert!((ap(&[false, true], 1) - 0.5).abs() < 1e-9);
        assert!((ap(&[true, false, true], 2) - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-9);
        assert!(ap(&[false, false, false, false, false, true], 1).abs() < 1e-9);
    }

    #[test]
    fn f1_is_of_one_class() {
        let pairs = [(0, 0), (0, 1), (1, 1), (1, 1)];
        assert!((f1(&pairs, 0) - 2.0 / 3.0).abs() < 1e-9);
        assert!((f1(&pairs, 1) - 0.8).abs() < 1e-9);
        assert!(f1(&pairs, 2).abs() < 1e-9);
    }
}
