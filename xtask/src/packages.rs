//! What the build needs of the system beside Rust: the C compiler and libraries that librdkafka is built with.

use std::path::Path;

use crisislens_servers::debian;

/// Where Debian puts what the packages of [`PACKAGES`] bring.
const FILES: [&str; 4] =
    ["/usr/include/openssl/ssl.h", "/usr/include/zlib.h", "/usr/bin/make", "/usr/bin/g++"];
/// The packages, in the order of their files.
const PACKAGES: [&str; 4] = ["libssl-dev", "zlib1g-dev", "make", "g++"];

/// Installs what tests look for and are skipped without: xmllint, which holds alerts against the schema of CAP, and xmlsec1, which
/// checks their signatures.
pub fn for_tests() -> anyhow::Result<()> {
    if Path::new("/usr/bin/apt-get").exists() {
        let (files, packages) = (["/usr/bin/xmllint", "/usr/bin/xmlsec1"], ["libxml2-utils", "xmlsec1"]);
        debian::ensure_files("what alerts are validated with", &files, &packages)?;
    }
    Ok(())
}

/// Installs what is missing, or says so. Other systems than Debian have other places: there the build itself says
/// what it misses.
pub fn for_builds() -> anyhow::Result<()> {
    if Path::new("/usr/bin/apt-get").exists() {
        debian::ensure_files("what the Kafka client is built with", &FILES, &PACKAGES)?;
    }
    Ok(())
}
