//! What the dictionary says, and that it is what the command `make_dictionary` gives.
//! How structures are laid out on messages is tested in `structure`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests may be blunt"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use isthmus_hl7v2::dictionary::{version, versions};
use isthmus_hl7v2::path::{ComponentPath, Hl7Path};
use isthmus_hl7v2::resolve::PathProblem;
use isthmus_hl7v2::structure_definition::StructureNode;

#[test]
fn segments_and_datatypes_are_those_of_the_version() {
    let new = version("2.5.1").unwrap();
    let name = new.segment("PID").unwrap().field(5).unwrap();
    assert_eq!(name.datatype, Some("XPN"));
    assert!(name.cardinality.repeats());
    assert_eq!(new.segment("PID").unwrap().field(8).unwrap().table, Some(1));
    let old = version("2.2").unwrap();
    assert_eq!(
        old.segment("PID").unwrap().field(5).unwrap().datatype,
        Some("PN")
    );
    assert!(old.segment("SFT").is_none());
    assert_eq!(
        new.datatype("XPN").unwrap().component(1).unwrap().datatype,
        Some("FN")
    );
    assert!(new.datatype("ST").is_none());
}

#[test]
fn every_version_is_read_whole() {
    for id in versions() {
        let version = version(id).unwrap();
        assert!(version.segments().len() > 20, "{id}");
        assert!(version.datatypes().len() > 5, "{id}");
        assert!(version.structures().len() > 25, "{id}");
        assert!(version.segments().is_sorted_by_key(|one| one.name), "{id}");
        assert!(version.datatypes().is_sorted_by_key(|one| one.name), "{id}");
        assert!(
            version.structures().is_sorted_by_key(|one| one.name),
            "{id}"
        );
        for segment in version.segments() {
            assert!(
                segment.fields.is_sorted_by_key(|field| field.number),
                "{id} {}",
                segment.name
            );
        }
    }
}

#[test]
fn events_lead_to_structures_in_every_version() {
    for (id, of, event, structure) in [
        ("2.5.1", "ADT", "A08", "ADT_A01"),
        ("2.5.1", "ADT", "A31", "ADT_A05"),
        ("2.3.1", "ADT", "A31", "ADT_A01"),
        ("2.1", "ADT", "A08", "ADT_A08"),
        ("2.5.1", "ADT", "A40", "ADT_A39"),
        ("2.3", "ADT", "A34", "ADT_A30"),
        ("2.8.2", "ORU", "R01", "ORU_R01"),
        ("2.5.1", "ACK", "A01", "ACK"),
        ("2.5.1", "SIU", "S26", "SIU_S12"),
        ("2.5", "CRM", "C08", "CRM_C01"),
        ("2.1", "ORU", "", "ORU_R01"),
        ("2.4", "ACK", "", "ACK"),
    ] {
        let found = version(id)
            .unwrap()
            .structure_for(of, event)
            .map(|one| one.name);
        assert_eq!(found, Some(structure), "{of}^{event} in {id}");
    }
    assert!(
        version("2.5.1")
            .unwrap()
            .structure_for("ADT", "Z99")
            .is_none()
    );
}

#[test]
fn group_names_have_no_structure_prefix() {
    let structure = version("2.5.1").unwrap().structure("ORU_R01").unwrap();
    let path: Vec<_> = structure
        .group_path("OBSERVATION")
        .unwrap()
        .iter()
        .map(|group| group.name)
        .collect();
    assert_eq!(path, ["PATIENT_RESULT", "ORDER_OBSERVATION", "OBSERVATION"]);
    let StructureNode::Segment(first) = structure.nodes.first().unwrap() else {
        panic!("the header comes first");
    };
    assert_eq!(first.name.as_str(), "MSH");
}

#[test]
fn paths_are_resolved_through_components() {
    let version = version("2.5.1").unwrap();
    let datatype = |path: &str| {
        version
            .resolve(&Hl7Path::parse(path).unwrap())
            .unwrap()
            .datatype
    };
    assert_eq!(datatype("PID-5"), Some("XPN"));
    assert_eq!(datatype("PID-5.1"), Some("FN"));
    assert_eq!(datatype("PID-5.1.2"), Some("ST"));
    assert_eq!(datatype("PID-7.1"), Some("DTM"));
    assert_eq!(datatype("PID-8.1"), Some("IS"));
    assert_eq!(datatype("OBX-5.3.2"), Some("varies"));
    assert_eq!(datatype("PID"), None);
    assert!(
        version
            .resolve(&Hl7Path::parse("PID-3.4.2").unwrap())
            .unwrap()
            .repeats
    );
    let inside = version
        .resolve_component("CX", &ComponentPath::parse(".4.2").unwrap())
        .unwrap();
    assert_eq!(inside.datatype, Some("ST"));
}

#[test]
fn a_path_that_does_not_exist_says_where() {
    let version = version("2.5.1").unwrap();
    let problem = |path: &str| version.resolve(&Hl7Path::parse(path).unwrap()).unwrap_err();
    let PathProblem::Segment { candidates, .. } = problem("ZPI-1") else {
        panic!("the segment is unknown");
    };
    assert!(candidates.iter().any(|name| name.as_str() == "PID"));
    assert_eq!(
        problem("PID-60").to_string(),
        "PID has no field 60 in version 2.5.1; its last is 39"
    );
    assert_eq!(
        problem("PID-8.2").to_string(),
        "datatype IS has no component 2 in version 2.5.1; its last is 1"
    );
    assert_eq!(
        problem("PID-5.1.9").to_string(),
        "datatype FN has no subcomponent 9 in version 2.5.1; its last is 5"
    );
}

#[test]
fn tables_have_the_codes_of_their_version() {
    let sex = |id: &str| version(id).unwrap().table(1).unwrap();
    assert!(sex("2.3.1").contains("F") && !sex("2.3.1").contains("A"));
    assert!(sex("2.5.1").contains("A"));
    assert!(!sex("2.5.1").contains("f") && !sex("2.5.1").contains(""));
    assert_eq!(sex("2.3.1").codes, ["F", "M", "O", "U"]);
    let charsets = version("2.5.1").unwrap().table(211).unwrap();
    assert!(charsets.contains("UNICODE UTF-8") && charsets.contains("8859/1"));
    assert!(version("2.1").unwrap().tables().is_empty());
    assert!(version("2.5.1").unwrap().table(9_999).is_none());
    for id in versions().iter().skip(3) {
        let tables = version(id).unwrap().tables();
        assert!(tables.len() >= 200, "{id} has {}", tables.len());
        assert!(
            tables.is_sorted_by(|one, next| one.number < next.number),
            "{id}"
        );
        for table in tables {
            assert!(
                table.codes.is_sorted_by(|one, next| one < next),
                "{id} {}",
                table.number
            );
            assert!(
                table
                    .codes
                    .iter()
                    .all(|code| code.trim() == *code && !code.is_empty())
            );
        }
    }
}

#[test]
fn the_files_in_the_tree_are_what_the_command_gives() {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = crate_root.join("../../../shared/data");
    if !source.join("hl7v2-dictionary").is_dir() {
        assert!(env::var_os("CI").is_none(), "CI needs {}", source.display());
        eprintln!("skipped: {} is not there", source.display());
        return;
    }
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("dictionary");
    let status = Command::new(env!("CARGO"))
        .args([
            "run",
            "--quiet",
            "--package",
            "isthmus-hl7v2",
            "--example",
            "make_dictionary",
            "--",
        ])
        .args([&source, &target])
        .current_dir(crate_root)
        .status()
        .unwrap();
    assert!(status.success());
    for name in [
        "segments.txt",
        "datatypes.txt",
        "structures.txt",
        "events.txt",
        "tables.txt",
    ] {
        let made = fs::read_to_string(target.join(name)).unwrap();
        let kept = fs::read_to_string(crate_root.join("dictionary").join(name)).unwrap();
        assert!(
            made == kept,
            "dictionary/{name} differs from what make_dictionary gives"
        );
    }
}
