//! Messages of every shape, for properties.

use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// Lines of segments, their ends, and what stands in them.
pub(crate) fn any_message() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z|^~&]{0,6}",
        Just(String::from("\"\"")),
        Just(String::from("\\F\\\u{E9}\\")),
        Just(String::from("\\XE9\\\\C2D42\\\u{FC}")),
        "[\u{A0}-\u{FFF}]{0,3}",
    ];
    let line = (
        proptest::sample::select(vec!["PID", "NK1", "ZPI"]),
        proptest::collection::vec(piece, 0..5),
        proptest::sample::select(vec!["\r", "\n", "\r\n", "\r\r\n"]),
    );
    let line = line.prop_map(|(name, pieces, end)| match pieces.len() {
        0 => format!("{name}{end}"),
        _ => format!("{name}|{}{end}", pieces.concat()),
    });
    let lines = proptest::collection::vec(line, 0..5);
    (lines, any::<bool>()).prop_map(|(lines, ends)| {
        let text = format!("\nMSH|^~\\&|A|B\r{}", lines.concat());
        let cut = text.trim_end().len();
        if ends {
            text
        } else {
            text.split_at(cut).0.to_owned()
        }
    })
}
