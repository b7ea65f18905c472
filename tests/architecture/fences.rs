//! Rule: a third-party crate that carries a promise (TLS, SQL, a broker, a runtime) is named only
//! where that promise is kept. Our own crates are the business of `crate_arrows`.

use std::collections::BTreeMap;

use isthmus_tests::manifest::Need;
use isthmus_tests::source_tree::SourceTree;
use isthmus_tests::test_modules::without_test_modules;
use isthmus_tests::tokens::tokens;
use isthmus_tests::used_paths::used_paths;

use crate::crate_arrows::real_name;
use crate::finding::{Finding, expect_none, expect_places};
use crate::planted::{Planted, this_repository};

/// Crates of one family and the only packages that may name them.
struct Fence {
    crates: &'static [&'static str],
    homes: &'static [&'static str],
}

const FENCES: &[Fence] = &[
    Fence {
        crates: &[
            "hyper",
            "hyper-util",
            "hyper-rustls",
            "http-body-util",
            "axum",
            "tower",
            "tower-http",
            "rustls",
            "rustls-native-certs",
            "rustls-pemfile",
            "rustls-pki-types",
            "tokio-rustls",
            "webpki-roots",
        ],
        homes: &["isthmus-ingress", "isthmus-adapters", "isthmus-server"],
    },
    Fence {
        crates: &["lapin"],
        homes: &["isthmus-queue", "isthmus-adapters"],
    },
    Fence {
        crates: &[
            "rusqlite",
            "libsqlite3-sys",
            "tokio-postgres",
            "deadpool-postgres",
        ],
        homes: &["isthmus-store"],
    },
    Fence {
        crates: &["quick-xml"],
        homes: &["isthmus-fhir"],
    },
    Fence {
        crates: &["fhirbolt"],
        homes: &["isthmus-conformance"],
    },
];

/// Packages that stay without a runtime, their tests included: they are pure and synchronous.
const WITHOUT_RUNTIME: [&str; 4] = [
    "isthmus-hl7v2",
    "isthmus-fhir",
    "isthmus-core",
    "isthmus-mappings",
];

/// In the adapters, HTTP, TLS and brokers are named by the clients alone: each of these crates by
/// the files whose paths begin so.
const ADAPTERS: &str = "adapters/src/";
const ADAPTERS_CLIENTS: [(&str, &[&str]); 4] = [
    (
        "adapters/src/http_client",
        &["hyper", "hyper_util", "hyper_rustls", "http_body_util"],
    ),
    // Of what TLS is made, for all clients.
    ("adapters/src/connection", &["rustls", "hyper_rustls"]),
    ("adapters/src/amqp_client", &["lapin", "rustls"]),
    ("adapters/src/mllp_client", &["rustls", "tokio_rustls"]),
];

const MEND: &str = "put the code where the crate lives, behind a trait of gateway/core if others \
                    need it, or decide a new home in fences.rs";

fn findings(tree: &SourceTree) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in &tree.packages {
        let name = package.manifest.package.as_str();
        for dependency in &package.manifest.dependencies {
            let target = real_name(tree, &dependency.package);
            let is_runtime = target == "tokio" || target.starts_with("tokio-");
            let is_barred = WITHOUT_RUNTIME.contains(&name) && is_runtime
                || dependency.need != Need::Development && !may_name(name, target);
            if is_barred {
                found.push(Finding {
                    file: package.manifest_path(),
                    line: dependency.line,
                    fault: format!("{name} may not depend on {target}"),
                    mend: MEND,
                });
            }
        }
    }
    found.extend(adapter_findings(&tree.files));
    found
}

/// Whether a package may name a third-party crate; the tests across crates may name any.
fn may_name(package: &str, target: &str) -> bool {
    let mut fences = FENCES.iter().filter(|fence| fence.crates.contains(&target));
    package == "isthmus-tests" || fences.all(|fence| fence.homes.contains(&package))
}

fn adapter_findings(files: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut found = Vec::new();
    let fenced: Vec<String> = FENCES
        .iter()
        .flat_map(|fence| fence.crates)
        .map(|name| name.replace('-', "_"))
        .collect();
    for (file, text) in files {
        if !file.starts_with(ADAPTERS) {
            continue;
        }
        let clients = ADAPTERS_CLIENTS.iter();
        let own: Vec<&str> = clients
            .filter(|(client, _)| file.starts_with(client))
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        for path in used_paths(&without_test_modules(&tokens(text))) {
            let name: &str = path.segments[0];
            if fenced.iter().any(|one| one == name) && !own.contains(&name) {
                found.push(Finding {
                    file: file.clone(),
                    line: path.line,
                    fault: format!("{name} is named outside its client"),
                    mend: "let adapters plan and judge, and the one client send",
                });
            }
        }
    }
    found
}

#[test]
fn third_party_crates_stay_in_their_homes() {
    expect_none("fences", &findings(&this_repository()));
}

#[test]
fn planted_dependencies_are_found() {
    let planted = Planted::new("fences")
        .package(
            "isthmus-core",
            "gateway/core",
            "[dev-dependencies]\ntokio-util = \"1\"\n",
        )
        .package(
            "isthmus-store",
            "gateway/store",
            "[dependencies]\nrusqlite = \"1\"\ntokio = \"1\"\nrustls = \"1\"\n\
             [dev-dependencies]\nhyper = \"1\"\n",
        );
    expect_places(
        &findings(&planted.read()),
        &["gateway/core/Cargo.toml:4", "gateway/store/Cargo.toml:6"],
    );
}

#[test]
fn planted_paths_in_adapters_are_found() {
    let planted = Planted::new("fences_adapters")
        .file("adapters/src/connection/a.rs", "use rustls::A;\n")
        .file("adapters/src/amqp_client/a.rs", "use lapin::A;\n")
        .file("adapters/src/http_client/a.rs", "use lapin::A;\n")
        .file(
            "adapters/src/crm/request.rs",
            "//! A.\nfn f(x: hyper::B) {}\n",
        );
    expect_places(
        &findings(&planted.read()),
        &[
            "adapters/src/crm/request.rs:2",
            "adapters/src/http_client/a.rs:1",
        ],
    );
}
