//! Jars from Maven: one generated project per server, resolved into one folder.

use std::path::Path;
use std::process::Command;

use crate::process::run;
use crate::{Result, debian};

/// A jar by its coordinates; Maven brings what it needs.
#[derive(Debug, Clone, Copy)]
pub struct Artifact {
    /// Group id.
    pub group: &'static str,
    /// Artifact id.
    pub name: &'static str,
    /// Version.
    pub version: &'static str,
}

/// The project file that asks for `artifacts`.
pub fn project(artifacts: &[Artifact]) -> String {
    let dependencies: String = artifacts
        .iter()
        .map(|Artifact { group, name, version }| {
            format!(
                "    <dependency>\n      <groupId>{group}</groupId>\n      <artifactId>{name}</artifactId>\n      \
                 <version>{version}</version>\n    </dependency>\n"
            )
        })
        .collect();
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <modelVersion>4.0.0</modelVersion>\n  \
         <groupId>org.crisislens</groupId>\n  <artifactId>test-server</artifactId>\n  <version>1</version>\n  \
         <packaging>pom</packaging>\n  <dependencies>\n{dependencies}  </dependencies>\n</project>\n"
    )
}

/// Fetches `artifacts` and all they need into `folder/libs`.
pub fn fetch(what: &str, artifacts: &[Artifact], folder: &Path) -> Result<()> {
    if !exists("mvn") {
        debian::install("Maven", &["maven"])?;
    }
    let file = folder.join("pom.xml");
    std::fs::write(&file, project(artifacts)).map_err(crate::ServersError::path("write", &file))?;
    let mut command = Command::new("mvn");
    command.args([
        "--batch-mode",
        "--quiet",
        "-Dstyle.color=never",
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
    ]);
    command.arg(format!("-DoutputDirectory={}", folder.join("libs").display())).arg("-f").arg(&file);
    run(&format!("fetch {what} from Maven"), &mut command)
}

fn exists(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_names_every_artifact_once() {
        let text = project(&[
            Artifact { group: "org.apache.kafka", name: "kafka_2.13", version: "4.3.1" },
            Artifact { group: "org.apache.kafka", name: "kafka-tools", version: "4.3.1" },
        ]);
        assert_eq!(text.matches("<dependency>").count(), 2);
        for part in ["<artifactId>kafka_2.13</artifactId>", "<artifactId>kafka-tools</artifactId>"] {
            assert_eq!(text.matches(part).count(), 1, "{part}");
        }
        assert_eq!(text.matches('<').count(), text.matches('>').count());
    }
}
