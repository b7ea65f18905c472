//! Rule: imports between files make no circle, with and without `mod` lines drawn as arrows, and
//! no file imports more than it can be read with. The graph itself is drawn by the support crate.

use std::fmt::Write as _;

use isthmus_tests::import_graph::{Arrows, ImportGraph, circles};
use isthmus_tests::source_tree::SourceTree;

use crate::finding::{Finding, expect_none, expect_places};
use crate::planted::{Planted, this_repository};

/// A file imports at most this many files of ours.
const ARROWS_OUT_MAX: usize = 14;

/// The files that know everyone by name: the one of the gateway, and the one of its simulation.
const WIRING: [&str; 2] = [
    "gateway/server/src/wiring.rs",
    "tests/simulation/gateway.rs",
];

const MEND_CIRCLE: &str = "move what both need into a file of its own that imports neither";

fn findings(tree: &SourceTree) -> Vec<Finding> {
    let graph = ImportGraph::draw(tree);
    let mut found = circle_findings(&graph.uses);
    if found.is_empty() {
        let mut all = graph.declarations.clone();
        all.extend(graph.uses.clone());
        found = circle_findings(&all);
    }
    for (file, count) in graph.arrows_out() {
        if count > ARROWS_OUT_MAX && !WIRING.contains(&file) {
            found.push(Finding {
                file: file.to_owned(),
                line: 0,
                fault: format!("imports {count} of our files, more than {ARROWS_OUT_MAX}"),
                mend: "split it by what it does; only the wiring knows everyone",
            });
        }
    }
    found
}

fn circle_findings(arrows: &Arrows) -> Vec<Finding> {
    let describe = |circle: Vec<String>| {
        let next = circle.get(1).unwrap_or(&circle[0]).clone();
        let line = arrows.get(&(circle[0].clone(), next)).copied().unwrap_or(0);
        Finding {
            file: circle[0].clone(),
            line,
            fault: format!("circle of imports {} -> {}", circle.join(" -> "), circle[0]),
            mend: MEND_CIRCLE,
        }
    };
    circles(arrows).into_iter().map(describe).collect()
}

#[test]
fn imports_make_no_circle() {
    expect_none("the import graph", &findings(&this_repository()));
}

#[test]
fn a_planted_circle_is_found() {
    let planted = Planted::new("circle")
        .file(
            "gateway/core/src/lib.rs",
            "//! A.\npub mod a;\npub mod b;\npub mod c;\n",
        )
        .file("gateway/core/src/a.rs", "//! A.\nuse crate::b::B;\n")
        .file(
            "gateway/core/src/b.rs",
            "//! B.\nfn f() {\n    crate::c::g();\n}\n",
        )
        .file("gateway/core/src/c.rs", "//! C.\nuse crate::{a::A};\n")
        .file(
            "gateway/core/src/phi.rs",
            "//! D.\n#[cfg(test)]\nmod t { use crate::a::A; }\n",
        );
    expect_places(&findings(&planted.read()), &["gateway/core/src/a.rs:2"]);
}

#[test]
fn a_planted_circle_through_a_door_is_found() {
    let planted = Planted::new("circle_door")
        .file("gateway/core/src/lib.rs", "//! A.\npub mod a;\n")
        .file(
            "gateway/core/src/a.rs",
            "//! A.\npub mod b;\npub struct A;\n",
        )
        .file("gateway/core/src/a/b.rs", "//! B.\nuse crate::a::A;\n");
    expect_places(&findings(&planted.read()), &["gateway/core/src/a.rs:2"]);
}

#[test]
fn a_planted_hub_is_found() {
    let mut planted = Planted::new("hub");
    let (mut door, mut hub) = ("//! A.\npub mod hub;\n".to_owned(), "//! B.\n".to_owned());
    for number in 0..15 {
        writeln!(door, "pub mod m{number};").unwrap();
        writeln!(hub, "use crate::m{number}::T;").unwrap();
        planted = planted.file(&format!("gateway/core/src/m{number}.rs"), "//! C.\n");
    }
    let planted = planted
        .file("gateway/core/src/lib.rs", &door)
        .file("gateway/core/src/hub.rs", &hub);
    expect_places(&findings(&planted.read()), &["gateway/core/src/hub.rs:0"]);
}
