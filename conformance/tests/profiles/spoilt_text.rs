//! However a profile's text is spoilt, it is read or complained of at a place that it has.

use std::path::Path;

use isthmus_conformance::profile_file::read;
use isthmus_core::source_file::SourceFile;

/// What is put in, one after the other.
const PUT_IN: [&str; 6] = ["\"", "[", "=", "x", "\n", "9"];

fn example() -> String {
    let path = "../gateway/example/profiles/example-ehr.toml";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(path).unwrap()
}

/// Whether a text is a profile; if not, every complaint has a place in it.
fn is_profile(text: &str) -> bool {
    let file = SourceFile::new("spoilt.toml", text);
    let Err(problems) = read("spoilt", &file) else {
        return true;
    };
    assert!(!problems.is_empty(), "refused without a complaint:\n{text}");
    let lines = u32::try_from(text.lines().count()).unwrap().max(1);
    for one in &problems {
        assert!((1..=lines + 1).contains(&one.line), "{one:?}");
        assert!(one.column >= 1 && one.help.is_some(), "{one:?}");
    }
    false
}

#[test]
fn a_line_less_is_a_profile_or_complained_of() {
    let text = example();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let without = |left_out: usize| -> String {
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != left_out);
        kept.map(|(_, line)| *line).collect()
    };
    let read = (0..lines.len()).filter(|&line| is_profile(&without(line)));
    let count = read.count();
    assert!(
        count > 20 && count < lines.len(),
        "{count} of {}",
        lines.len()
    );
}

#[test]
fn a_character_more_is_a_profile_or_complained_of() {
    let text = example();
    let places = text.char_indices().map(|(at, _)| at).step_by(17);
    let mut refused = 0;
    for (count, at) in places.enumerate() {
        let put_in = PUT_IN[count % PUT_IN.len()];
        let (before, after) = text.split_at(at);
        refused += usize::from(!is_profile(&format!("{before}{put_in}{after}")));
    }
    assert!(refused > 50, "{refused} refused");
}
