//! Recipients of files as small as they can be, and what lies in their folders.

use std::path::Path;

use isthmus_adapters::files::config::FilesConfig;
use isthmus_adapters::files::destination::Files;

/// A configuration of messages with further members, which win.
pub(crate) fn config(members: &str) -> FilesConfig {
    let mut stated = serde_json::json!({
        "recipient": "clinic", "folder": "in",
        "sending_application": "ISTHMUS", "sending_facility": "GATEWAY",
        "receiving_application": "LAB", "receiving_facility": "NORTH",
    });
    let more: serde_json::Map<_, _> = serde_json::from_str(&format!("{{{members}}}")).unwrap();
    stated.as_object_mut().unwrap().extend(more);
    serde_json::from_value(stated).unwrap()
}

/// Files of messages.
pub(crate) fn files(members: &str) -> Files {
    Files::new(&config(members)).unwrap()
}

/// Files of JSON.
pub(crate) fn json_files() -> Files {
    let stated = r#"{"recipient": "clinic", "folder": "in", "form": "json"}"#;
    Files::new(&serde_json::from_str(stated).unwrap()).unwrap()
}

/// The names of everything in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}
