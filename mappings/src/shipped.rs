//! The maps, tables, policies and record schemas that ship, as part of the binary, so that a new
//! configuration can be made without a checkout. Where they are written is decided by `new_folder`.

use include_dir::{Dir, DirEntry, include_dir};

use crate::loader::TextFile;
use crate::records::schemas::RecordSchemas;

/// The folders of the mappings that are read when the gateway runs, with the cases beside the maps.
static FOLDERS: [(&str, Dir<'_>); 5] = [
    (
        "fhir-to-records",
        include_dir!("$CARGO_MANIFEST_DIR/fhir-to-records"),
    ),
    (
        "hl7v2-to-fhir",
        include_dir!("$CARGO_MANIFEST_DIR/hl7v2-to-fhir"),
    ),
    ("policies", include_dir!("$CARGO_MANIFEST_DIR/policies")),
    ("records", include_dir!("$CARGO_MANIFEST_DIR/records")),
    ("tables", include_dir!("$CARGO_MANIFEST_DIR/tables")),
];

/// The frozen schemas, which only the tests of this crate need.
const FROZEN: &str = "records/released/";

/// A file that ships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedFile {
    /// Its path below the mappings folder, with `/` between names.
    pub path: String,
    /// What it holds.
    pub bytes: &'static [u8],
}

/// Every file that ships, sorted by path.
pub fn files() -> Vec<ShippedFile> {
    let mut files = vec![ShippedFile {
        path: "README.md".to_owned(),
        bytes: include_bytes!("../README.md"),
    }];
    for (folder, dir) in &FOLDERS {
        descend(folder, dir, &mut files);
    }
    // What an editor or a desktop leaves behind does not ship.
    files.retain(|file| !file.path.starts_with(FROZEN) && !file.path.contains("/."));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn descend(folder: &str, dir: &Dir<'static>, files: &mut Vec<ShippedFile>) {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(inner) => descend(folder, inner, files),
            DirEntry::File(file) => files.push(ShippedFile {
                path: format!("{folder}/{}", file.path().to_string_lossy()),
                bytes: file.contents(),
            }),
        }
    }
}

/// The record schemas that ship.
pub fn record_schemas() -> RecordSchemas {
    let is_schema = |file: &ShippedFile| file.path.ends_with(".schema.json");
    let text = |file: ShippedFile| TextFile {
        path: file.path,
        text: String::from_utf8(file.bytes.to_vec()).map_err(|error| error.to_string()),
    };
    let files: Vec<TextFile> = files().into_iter().filter(is_schema).map(text).collect();
    RecordSchemas::of(&files)
}
