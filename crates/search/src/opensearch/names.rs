//! The names that an installation's indexes have on the server.

/// Everything of ours on the server begins with the same prefix.
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub fn new(prefix: String) -> Self {
        Self { prefix }
    }

    /// Under this name the present index is read and written.
    pub fn alias(&self) -> String {
        format!("{}-items", self.prefix)
    }

    /// The name of the index template.
    pub fn template(&self) -> String {
        format!("{}-items", self.prefix)
    }

    /// Matches every index of ours.
    pub fn pattern(&self) -> String {
        format!("{}-items-*", self.prefix)
    }

    /// An index with that number. The token makes the name its own for ever: whoever removes an index, however late, removes
    /// no other.
    pub fn index(&self, number: u64, token: &str) -> String {
        format!("{}-items-{number:06}-{token}", self.prefix)
    }

    /// The number of an index of ours.
    pub fn number(&self, index: &str) -> Option<u64> {
        let (number, token) = index.strip_prefix(&self.prefix)?.strip_prefix("-items-")?.split_once('-')?;
        number.parse().ok().filter(|_| !token.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_reads_back_from_its_index_and_from_no_other() {
        let names = Names::new("north".to_owned());
        assert_eq!(names.number(&names.index(7, "a1")), Some(7));
        assert_eq!(names.number(&names.index(12_345_678, "a1")), Some(12_345_678));
        assert_eq!(names.number("north-items-000001"), None);
        assert_eq!(names.number("north-items-old-a1"), None);
        assert_eq!(names.number("north-west-items-000001-a1"), None);
    }
}
