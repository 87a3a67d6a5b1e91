//! Whether text is UTF-8, told piece by piece: a wrong byte ends a connection before the message has ended.

/// What has been seen of a text.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    /// Bytes up to here are whole characters.
    valid: usize,
}

impl Checker {
    /// Looks at `text`, which begins with everything that was looked at before; whether it can still become UTF-8.
    pub fn goes_on(&mut self, text: &[u8]) -> bool {
        match std::str::from_utf8(&text[self.valid..]) {
            Ok(_) => self.valid = text.len(),
            Err(error) => {
                self.valid += error.valid_up_to();
                return error.error_len().is_none();
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_may_be_cut_but_not_broken() {
        let text = "κόσμε€🜁";
        for cut in 0..=text.len() {
            let mut checker = Checker::default();
            assert!(checker.goes_on(&text.as_bytes()[..cut]), "{cut}");
            assert!(checker.goes_on(text.as_bytes()), "{cut}");
            assert_eq!(checker.valid, text.len());
        }
        for broken in [&b"\xed\xa0\x80"[..], b"\xc0", b"a\xff", b"\xf4\x90"] {
            assert!(!Checker::default().goes_on(broken), "{broken:?}");
        }
    }
}
