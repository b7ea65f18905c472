//! A folder has its profiles by name, and the complaints about the others; without one there are
//! none.

use isthmus_conformance::profile_folder::ProfileFolder;

const PROFILE: &str = "title = \"T\"\nversion = \"2.5.1\"\n[[message]]\nevents = [\"ADT^A01\"]\n";

#[test]
fn profiles_are_named_for_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("north.toml", PROFILE);
    write("south.toml", "title = 1\n");
    write("README.md", "no profile");
    let all = ProfileFolder::read(folder.path()).unwrap();
    assert_eq!(all.names, ["north", "south"]);
    assert!(all.profiles.keys().eq(["north"]));
    assert_eq!(all.profiles["north"].title, "T");
    assert!(
        all.problems
            .iter()
            .all(|one| one.file.ends_with("south.toml"))
    );
    assert!(all.problems.len() >= 2);
}

#[test]
fn an_absent_folder_has_no_profiles() {
    let folder = tempfile::tempdir().unwrap();
    let all = ProfileFolder::read(&folder.path().join("profiles")).unwrap();
    assert!(all.profiles.is_empty() && all.problems.is_empty());
}
