//! What the record maps that ship make is what their schemas say. Whether it is what was expected
//! is tested in `shipped`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use isthmus_mappings::library::Library;
use isthmus_mappings::records::schemas::RecordSchemas;

use crate::checker::{element, problems};

#[test]
fn golden_records_are_as_their_schemas_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = Library::load(folder, None).unwrap();
    let schemas = RecordSchemas::load(folder).unwrap();
    let mut records = 0;
    for map in library.maps() {
        let Some(kind) = map.record() else { continue };
        let schema = schemas.kind(kind).unwrap();
        assert_eq!(map.key(), Some(schema.key()), "the key of {}", map.file());
        let cases = fs::read_dir(folder.join(format!("{}.tests", map.path()))).unwrap();
        for case in cases.map(|case| case.unwrap().path()) {
            if !case.to_str().unwrap().ends_with(".record.json") {
                continue;
            }
            let golden = element(&fs::read_to_string(&case).unwrap());
            for record in golden.as_array().unwrap() {
                let found = problems(schema.tree(), record);
                assert!(found.is_empty(), "{}: {found:?}", case.display());
                records += 1;
            }
        }
    }
    assert!(records >= 10, "only {records} records were looked at");
}

/// A property that nothing writes would be a promise that nobody keeps.
#[test]
fn every_property_is_written_by_a_map_or_reserved() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = Library::load(folder, None).unwrap();
    for schema in RecordSchemas::load(folder).unwrap().kinds() {
        let maps = library.maps().iter();
        let maps = maps.filter(|map| map.record() == Some(schema.name()));
        let rows = maps.flat_map(|map| &map.trace().lineage);
        let written: BTreeSet<&str> = rows.map(|row| row.target.as_str()).collect();
        let mut unwritten = schema.paths();
        unwritten.retain(|path| !written.contains(path.as_str()));
        let reserved: &[&str] = match schema.name() {
            "person" => &["merged_into"],
            _ => &[],
        };
        assert_eq!(unwritten, reserved, "of {}", schema.name());
    }
}
