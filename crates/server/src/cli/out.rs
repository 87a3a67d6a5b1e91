//! What commands print. A reader that has seen enough (`| head`) is no error.

use std::fmt::Display;
use std::io::Write;

/// Prints a line to standard output; ends the program quietly when nobody reads it any more.
pub fn say(line: impl Display) {
    if writeln!(std::io::stdout().lock(), "{line}").is_err() {
        std::process::exit(0);
    }
}
