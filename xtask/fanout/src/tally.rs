//! What one subscriber has received of one stream: each number once, in order, and which are missing.

use std::collections::BTreeSet;

/// How a message fits to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It had not come before; earlier ones may be missing.
    New,
    /// It had not come before, but later ones had.
    Late,
    /// It had come before.
    Again,
}

/// The numbers of one stream that have arrived.
#[derive(Debug, Default)]
pub struct Tally {
    /// One more than the highest that arrived.
    next: u64,
    /// Those below `next` that have not arrived.
    missing: BTreeSet<u64>,
}

impl Tally {
    /// Notes that `number` arrived.
    pub fn arrived(&mut self, number: u64) -> Arrival {
        if number >= self.next {
            self.missing.extend(self.next..number);
            self.next = number + 1;
            Arrival::New
        } else if self.missing.remove(&number) {
            Arrival::Late
        } else {
            Arrival::Again
        }
    }

    /// How many of the first `published` numbers have not arrived.
    pub fn lost(&self, published: u64) -> u64 {
        self.missing.len() as u64 + published.saturating_sub(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_late_and_repeated_messages_are_told_apart() {
        let mut tally = Tally::default();
        assert_eq!(tally.arrived(0), Arrival::New);
        assert_eq!(tally.arrived(3), Arrival::New);
        assert_eq!(tally.lost(5), 3, "1, 2 and 4");
        assert_eq!(tally.arrived(1), Arrival::Late);
        assert_eq!(tally.arrived(1), Arrival::Again);
        assert_eq!(tally.arrived(3), Arrival::Again);
        assert_eq!(tally.lost(5), 2);
    }
}
