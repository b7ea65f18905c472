//! What ships in the binary is what lies here, and a new folder is written whole or not at all.

use std::fs;
use std::path::Path;

use isthmus_mappings::library::Library;
use isthmus_mappings::new_folder::{NewFile, NewFolderError, write};
use isthmus_mappings::records::async_api::document;
use isthmus_mappings::records::schemas::RecordSchemas;
use isthmus_mappings::shipped;

fn files() -> Vec<NewFile<'static>> {
    let mappings = shipped::files().into_iter().map(|file| NewFile {
        path: format!("mappings/{}", file.path),
        bytes: file.bytes,
    });
    let mark = NewFile {
        path: "isthmus.toml".to_owned(),
        bytes: b"mappings = \"mappings\"\n",
    };
    mappings.chain([mark]).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_ships_is_what_lies_here() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = shipped::files();
    for file in &shipped {
        assert_eq!(
            fs::read(here.join(&file.path)).unwrap(),
            file.bytes,
            "{}",
            file.path
        );
    }
    let mut here_too = vec!["README.md".to_owned()];
    for folder in [
        "fhir-to-records",
        "hl7v2-to-fhir",
        "policies",
        "records",
        "tables",
    ] {
        descend(here, folder, &mut here_too);
    }
    here_too.retain(|path| !path.starts_with("records/released/"));
    here_too.sort();
    let shipped: Vec<String> = shipped.into_iter().map(|file| file.path).collect();
    assert_eq!(shipped, here_too);
}

fn descend(here: &Path, folder: &str, found: &mut Vec<String>) {
    for name in names(&here.join(folder)) {
        let path = format!("{folder}/{name}");
        if here.join(&path).is_dir() {
            descend(here, &path, found);
        } else if !name.starts_with('.') {
            found.push(path);
        }
    }
}

#[test]
fn a_new_folder_loads_like_this_one() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("etc/isthmus");
    write(&folder, &files()).unwrap();
    assert_eq!(names(&folder), ["isthmus.toml", "mappings"]);
    let mappings = folder.join("mappings");
    let library = Library::load(&mappings, None).unwrap();
    assert!(
        library.diagnostics().is_empty(),
        "{:?}",
        library.diagnostics()
    );
    let here = Library::load(Path::new(env!("CARGO_MANIFEST_DIR")), None).unwrap();
    assert_eq!(library.maps().len(), here.maps().len());
    let schemas = RecordSchemas::load(&mappings).unwrap();
    assert_eq!(document(&schemas), document(&shipped::record_schemas()));
}

#[test]
fn an_empty_folder_and_one_with_other_files_are_written_into() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), &files()).unwrap();
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("notes.txt"), "keep").unwrap();
    write(place.path(), &files()).unwrap();
    assert_eq!(
        names(place.path()),
        ["isthmus.toml", "mappings", "notes.txt"]
    );
}

#[test]
fn what_is_there_is_never_written_over() {
    for taken in ["isthmus.toml", "mappings", ".isthmus-init"] {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join(taken), "ours").unwrap();
        let error = write(place.path(), &files()).unwrap_err();
        let told = error.to_string();
        assert!(told.contains(taken) && told.contains("is there"), "{told}");
        let refused = matches!(
            error,
            NewFolderError::Taken { .. } | NewFolderError::Unfinished { .. }
        );
        assert!(refused);
        assert_eq!(names(place.path()), [taken]);
        assert_eq!(fs::read(place.path().join(taken)).unwrap(), b"ours");
    }
}

#[test]
fn a_folder_that_cannot_be_written_whole_is_not_there() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("new");
    let mut broken = files();
    let file = |path: &str| NewFile {
        path: path.to_owned(),
        bytes: b"",
    };
    broken.extend([file("mappings/a"), file("mappings/a/b")]);
    let error = write(&folder, &broken).unwrap_err();
    assert!(matches!(error, NewFolderError::File { .. }), "{error}");
    assert!(!folder.exists());
}
