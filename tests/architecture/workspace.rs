//! Rule: every package is a member of the workspace and takes its lints, so that none is built or
//! judged by softer rules. What the lints are stands in the root manifest.

use isthmus_tests::source_tree::SourceTree;

use crate::finding::{Finding, expect_none, expect_places};
use crate::planted::{Planted, this_repository};

fn findings(tree: &SourceTree) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in &tree.packages {
        let finding = |fault: &str, mend| Finding {
            file: package.manifest_path(),
            line: 0,
            fault: fault.to_owned(),
            mend,
        };
        if !tree.workspace.members.contains(&package.folder) {
            found.push(finding(
                "the package is no member of the workspace",
                "add its folder to members in the root Cargo.toml",
            ));
        }
        if !package.manifest.takes_workspace_lints {
            found.push(finding(
                "the package does not take the workspace's lints",
                "add [lints] with workspace = true",
            ));
        }
    }
    found
}

#[test]
fn packages_share_the_workspace_rules() {
    expect_none("workspace", &findings(&this_repository()));
}

#[test]
fn planted_outsiders_are_found() {
    let planted = Planted::new("workspace")
        .package("isthmus-fhir", "gateway/fhir", "")
        .file(
            "gateway/core/Cargo.toml",
            "[package]\nname = \"isthmus-core\"\n",
        )
        .file(
            "tests/fuzz/Cargo.toml",
            "[workspace]\n[package]\nname = \"fuzz\"\n",
        );
    expect_places(
        &findings(&planted.read()),
        &["gateway/core/Cargo.toml:0", "gateway/fhir/Cargo.toml:0"],
    );
}
