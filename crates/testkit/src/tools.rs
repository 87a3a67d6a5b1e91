//! Programs of others that tests hold our work against.

/// Says that a test is skipped for want of a program. Where the project's own test run has installed what tests need
/// (`CRISISLENS_TEST_SERVERS=1`), none is skipped: that would pass with nothing tried.
///
/// # Panics
/// The program should be there.
pub fn lacks(program: &str, package: &str) {
    let is_installed = std::env::var("CRISISLENS_TEST_SERVERS").is_ok_and(|value| value == "1");
    println!("{}", skip(program, package, is_installed));
}

fn skip(program: &str, package: &str, is_installed: bool) -> String {
    assert!(
        !is_installed,
        "there is no {program}, though CRISISLENS_TEST_SERVERS is 1: install {package}, or let `cargo xtask test` do so"
    );
    format!("skipped: there is no {program} ({package})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_program_a_test_says_so() {
        assert_eq!(skip("xmllint", "libxml2-utils", false), "skipped: there is no xmllint (libxml2-utils)");
    }

    #[test]
    #[should_panic(
        expected = "there is no xmllint, though CRISISLENS_TEST_SERVERS is 1: install libxml2-utils"
    )]
    fn where_everything_was_installed_none_is_skipped() {
        skip("xmllint", "libxml2-utils", true);
    }
}
