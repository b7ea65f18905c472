//! The table of crates: what there may be, where, on which floor, and who may import whom. The
//! rules that hold the tree against it are in `crate_arrows` and `fences`.

/// One crate of the workspace.
pub(crate) struct Crate {
    /// The package name.
    pub(crate) package: &'static str,
    /// Its folder.
    pub(crate) folder: &'static str,
    /// Its floor; arrows only ever lead to lower ones.
    pub(crate) floor: u8,
    /// The packages of ours that it may import, at any need.
    pub(crate) may_import: &'static [&'static str],
}

/// All crates, from the ground up. A crate that is not here may not be in the workspace.
pub(crate) const CRATES: &[Crate] = &[
    entry("isthmus-hl7v2", "gateway/hl7v2", 0, &[]),
    entry("isthmus-fhir", "gateway/fhir", 0, &[]),
    entry("isthmus-console", "gateway/console", 0, &[]),
    entry(
        "isthmus-core",
        "gateway/core",
        1,
        &["isthmus-hl7v2", "isthmus-fhir"],
    ),
    entry("isthmus-mappings", "mappings", 2, CORE_AND_GRAMMARS),
    entry("isthmus-ingress", "gateway/ingress", 2, CORE_AND_GRAMMARS),
    entry("isthmus-pipeline", "gateway/pipeline", 2, &["isthmus-core"]),
    entry("isthmus-store", "gateway/store", 2, &["isthmus-core"]),
    entry("isthmus-queue", "gateway/queue", 2, &["isthmus-core"]),
    entry(
        "isthmus-ledger",
        "gateway/ledger",
        2,
        &["isthmus-core", "isthmus-fhir"],
    ),
    entry("isthmus-adapters", "adapters", 2, CORE_AND_GRAMMARS),
    entry("isthmus-conformance", "conformance", 3, MAPPINGS_AND_BELOW),
    entry("isthmus-server", "gateway/server", 4, ALL_BELOW_SERVER),
    entry("isthmus-tests", "tests", 5, ALL_BELOW_TESTS),
];

const CORE_AND_GRAMMARS: &[&str] = &["isthmus-core", "isthmus-hl7v2", "isthmus-fhir"];
const MAPPINGS_AND_BELOW: &[&str] = &[
    "isthmus-mappings",
    "isthmus-core",
    "isthmus-hl7v2",
    "isthmus-fhir",
];
const ALL_BELOW_SERVER: &[&str] = &[
    "isthmus-hl7v2",
    "isthmus-fhir",
    "isthmus-console",
    "isthmus-core",
    "isthmus-mappings",
    "isthmus-ingress",
    "isthmus-pipeline",
    "isthmus-store",
    "isthmus-queue",
    "isthmus-ledger",
    "isthmus-adapters",
    "isthmus-conformance",
];
const ALL_BELOW_TESTS: &[&str] = &[
    "isthmus-hl7v2",
    "isthmus-fhir",
    "isthmus-console",
    "isthmus-core",
    "isthmus-mappings",
    "isthmus-ingress",
    "isthmus-pipeline",
    "isthmus-store",
    "isthmus-queue",
    "isthmus-ledger",
    "isthmus-adapters",
    "isthmus-conformance",
    "isthmus-server",
];

const fn entry(
    package: &'static str,
    folder: &'static str,
    floor: u8,
    may_import: &'static [&'static str],
) -> Crate {
    Crate {
        package,
        folder,
        floor,
        may_import,
    }
}

/// The row of a package.
pub(crate) fn row(package: &str) -> Option<&'static Crate> {
    CRATES.iter().find(|row| row.package == package)
}

#[test]
fn arrows_of_the_table_lead_down() {
    for row_above in CRATES {
        for below in row_above.may_import {
            let floor_below = row(below)
                .expect("the table names a crate it does not hold")
                .floor;
            assert!(
                floor_below < row_above.floor,
                "{} -> {below}",
                row_above.package
            );
        }
    }
}
