//! Maps together: libraries of types, names, events, tables and keys.

use isthmus_mappings::library::Library;
use isthmus_mappings::loader::Files;

use crate::scenario::{context, message, places, texts};

const TYPES: &str = "map lib/types 2\nfrom hl7v2\nto fhir R4\ntable sex = sex.csv unmapped skip\n\
                     const own = \"urn:own\"\n\
                     type CX to Identifier\n  \
                     system <- $own\n  value <- .1\n  use <- .5 | table(sex)\n";

fn user(uses: &str) -> Files {
    let map = format!(
        "map user 1\nfrom hl7v2 ADT^A01,A04\nto fhir R4\n{uses}\n\
         resource Patient per PID\n  identifier[] <- PID-3 : CX\n"
    );
    Files::default()
        .with_map("a/user.rmap", &map)
        .with_map("b/types.rmap", TYPES)
        .with_table("sex.csv", "from,to\nMR,usual\n")
}

#[test]
fn types_come_from_libraries_with_their_own_tables_and_constants() {
    let library = Library::of(&user("use lib/types@2"), None);
    assert!(
        library.diagnostics().is_empty(),
        "{:?}",
        library.diagnostics()
    );
    let map = library.for_event("any", "ADT", "A04").unwrap();
    assert_eq!(
        (map.name(), map.version(), map.path()),
        ("user", "1", "a/user")
    );
    assert!(library.map("user").is_some() && library.map("a/user").is_some());
    let translation = map
        .translate(&message("ADT^A04", &["PID|||1^^^^MR~2"]), &context())
        .unwrap();
    assert_eq!(
        texts(&translation),
        [
            "{\"identifier\":[{\"system\":\"urn:own\",\"value\":\"1\",\"use\":\"usual\"},\
                {\"system\":\"urn:own\",\"value\":\"2\"}]}"
        ]
    );
}

#[test]
fn a_library_is_used_in_one_version() {
    assert_eq!(
        places(&user("use lib/types@1")),
        ["M322 4:5-16", "M211 6:27-29"]
    );
    assert_eq!(
        places(&user("use lib/types")),
        ["M104 4:5-14", "M211 6:27-29"]
    );
}

#[test]
fn a_map_on_a_broken_library_does_not_load() {
    let broken = TYPES.replace("value <- .1", "valu <- .1");
    let files = user("use lib/types@2");
    let files = Files {
        maps: files.maps.into_iter().take(1).collect(),
        ..files
    };
    let library = Library::of(&files.with_map("b/types.rmap", &broken), None);
    assert!(library.maps().is_empty());
    assert_eq!(library.diagnostics()[0].file, "b/types.rmap");
}

#[test]
fn one_map_an_event_and_one_name_a_map() {
    let map = |name: &str, event: &str| {
        format!(
            "map {name} 1\nfrom hl7v2 {event}\nto fhir R4\n\
                 resource Patient per PID\n  name[].family <- PID-5.1\n"
        )
    };
    let files = Files::default().with_map("a.rmap", &map("a", "ADT^A01,A04"));
    let twice = files.clone().with_map("b.rmap", &map("b", "ADT^A04"));
    assert_eq!(places(&twice), ["M323 2:1-5"]);
    assert_eq!(
        places(&files.with_map("b.rmap", &map("a", "ADT^A08"))),
        ["M321 1:5-6"]
    );
}

#[test]
fn types_may_not_go_in_circles() {
    let map = "map a 1\nfrom hl7v2 ADT^A01\nto fhir R4\n\
               resource Patient per PID\n  identifier[] <- PID-3 : CX\n\
               type CX to Identifier\n  assigner <- .4 : HD\n\
               type HD to Reference\n  identifier <- .1 : CX\n";
    let found = places(&Files::default().with_map("a.rmap", map));
    assert!(found.contains(&"M325 9:22-24".to_owned()), "{found:?}");
}

#[test]
fn tables_and_keys_must_be_there() {
    let map = "map a 1\nfrom hl7v2 ADT^A01\nto fhir R4\ntable s = s.csv unmapped skip\n\
               resource Patient per PID\n  name[].family <- PID-5.1 | hmac(\"link\")\n";
    let files = Files::default().with_map("a.rmap", map);
    assert_eq!(places(&files), ["M324 4:11-16"]);
    let files = files.with_table("s.csv", "from,to\nA,a\n");
    let with_keys = |keys: &[String]| Library::of(&files, Some(keys)).diagnostics().len();
    assert_eq!(with_keys(&[]), 1);
    assert_eq!(with_keys(&["link".to_owned()]), 0);
    let twice = Files {
        tables: Vec::new(),
        ..files
    }
    .with_table("s.csv", "from,to\nA,a\nA,b\n");
    assert!(
        Library::of(&twice, None).diagnostics()[0]
            .message
            .contains("line 3")
    );
}
