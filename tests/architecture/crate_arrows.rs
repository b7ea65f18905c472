//! Rule: crates are those of the table, and import only what the table allows them; siblings on
//! one floor never see each other. Third-party crates are the business of `fences`.

use isthmus_tests::source_tree::SourceTree;

use crate::crate_table::row;
use crate::finding::{Finding, expect_none, expect_places};
use crate::planted::{Planted, this_repository};

const MEND_CRATE: &str = "put it where gateway/ARCHITECTURE.md says, or decide the new crate there \
                          and in crate_table.rs";
const MEND_ARROW: &str = "move what is shared down into a crate both may import, or make it a \
                          trait in gateway/core that gateway/server wires; tests across crates \
                          belong in tests/";

fn findings(tree: &SourceTree) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in &tree.packages {
        let file = package.manifest_path();
        let name = &package.manifest.package;
        let Some(known) = row(name).filter(|known| known.folder == package.folder) else {
            let fault = format!("crate {name} in {} is not in the table", package.folder);
            found.push(Finding {
                file,
                line: 0,
                fault,
                mend: MEND_CRATE,
            });
            continue;
        };
        for dependency in &package.manifest.dependencies {
            let target = real_name(tree, &dependency.package);
            if target.starts_with("isthmus-") && !known.may_import.contains(&target) {
                found.push(Finding {
                    file: file.clone(),
                    line: dependency.line,
                    fault: format!("{name} may not import {target}"),
                    mend: MEND_ARROW,
                });
            }
        }
    }
    found
}

/// The package behind a name that the workspace's own table of dependencies may rename.
pub(crate) fn real_name<'a>(tree: &'a SourceTree, name: &'a str) -> &'a str {
    tree.workspace
        .renames
        .get(name)
        .map_or(name, String::as_str)
}

#[test]
fn crates_import_what_the_table_allows() {
    expect_none("crate arrows", &findings(&this_repository()));
}

#[test]
fn planted_arrows_are_found() {
    let planted = Planted::new("crate_arrows")
        .package(
            "isthmus-pipeline",
            "gateway/pipeline",
            "[dependencies]\nisthmus-core.workspace = true\nisthmus-store = { path = \"x\" }\n\
             [dev-dependencies]\nother = { package = \"isthmus-hl7v2\", path = \"y\" }\n",
        )
        .package(
            "isthmus-fhir",
            "gateway/fhir",
            "[dependencies.isthmus-core]\npath = \"z\"\n",
        );
    expect_places(
        &findings(&planted.read()),
        &[
            "gateway/fhir/Cargo.toml:3",
            "gateway/pipeline/Cargo.toml:5",
            "gateway/pipeline/Cargo.toml:7",
        ],
    );
}

#[test]
fn planted_crates_are_found() {
    let planted = Planted::new("crate_unknown")
        .package("isthmus-extra", "gateway/extra", "")
        .package("isthmus-hl7v2", "hl7v2", "");
    expect_places(
        &findings(&planted.read()),
        &["gateway/extra/Cargo.toml:0", "hl7v2/Cargo.toml:0"],
    );
}
