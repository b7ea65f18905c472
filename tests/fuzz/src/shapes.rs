//! Inputs of any length that are meant to be dear: many of one thing, or a thing that never ends.
//! What they cost is counted by `cost`.

use crate::{batch, charset, escape, frame, group, parse, path, write};

/// An input that can be made longer.
pub struct Shape {
    /// Its name.
    pub name: &'static str,
    /// What it is fed to.
    pub check: fn(&[u8]),
    /// What it starts with.
    start: &'static str,
    /// What is repeated.
    repeated: &'static str,
}

impl Shape {
    /// The input with that many repetitions.
    #[must_use]
    pub fn input(&self, repetitions: usize) -> Vec<u8> {
        let mut input = self.start.as_bytes().to_vec();
        input.extend_from_slice(self.repeated.repeat(repetitions).as_bytes());
        input
    }
}

const HEADER: &str = "MSH|^~\\&|A|B|C|D|20260102||ORU^R01^ORU_R01|1|P|2.5.1\r";
const IN_FIELD: &str = "MSH|^~\\&|A|B|C|D|20260102||ORU^R01^ORU_R01|1|P|2.5.1\rZZZ|";

const IN_SHIFT_JIS: &str = "\u{3}\u{7}\u{0}MSH|^~\\&|A|B|C|D|20260102\rZZZ|";

/// All of them.
pub const SHAPES: [Shape; 34] = [
    shape("messages of a batch", batch::check, "BHS|^~\\&\r", "MSH|\r"),
    shape(
        "batches",
        batch::check,
        "FHS|^~\\&\r",
        "BHS|\rMSH|\rBTS|2\r",
    ),
    shape("trailers", batch::check, "MSH|\r", "BTS|x\rFTS|9\r"),
    shape("frames", frame::check, "\u{7}", "\u{b}MSH|\u{1c}\r"),
    shape(
        "a frame without end",
        frame::check,
        "\u{7}\u{b}",
        "abcdefgh",
    ),
    shape("nested frames", frame::check, "\u{7}", "\u{b}a"),
    shape("end blocks", frame::check, "\u{7}", "\u{1c}"),
    shape("no frame", frame::check, "\u{7}", "\r"),
    shape(
        "segments",
        parse::check,
        HEADER,
        "OBX|1|NM|8302-2^height^LN||180\r",
    ),
    shape("fields", parse::check, HEADER, "ZZZ|1|2|3|4|5|6|7|8|9\r"),
    shape("repetitions", parse::check, IN_FIELD, "a~"),
    shape("components", parse::check, IN_FIELD, "a^"),
    shape("subcomponents", parse::check, IN_FIELD, "a&"),
    shape("blank lines", parse::check, HEADER, "\r\n"),
    shape("one long value", parse::check, IN_FIELD, "abcdefgh"),
    shape("escapes in a field", parse::check, IN_FIELD, "\\T\\"),
    shape("headers", parse::check, HEADER, HEADER),
    shape("delimiters to escape", escape::check, "", "|^~\\&"),
    shape("escape sequences", escape::check, "", "\\F\\a\\X41\\"),
    shape("open escapes", escape::check, "", "\\"),
    shape("escapes that are none", escape::check, "", "\\no such one"),
    shape(
        "character set switches",
        escape::check,
        "",
        "\\C2842\\\\M2442\\",
    ),
    shape("lines", escape::check, "", "\\.br\\\n"),
    shape("wide characters", charset::check, "\u{1}", "\u{e9}\u{6f22}"),
    shape("ASCII", charset::check, "\u{3}", "abcdefgh"),
    shape(
        "results",
        group::check,
        HEADER,
        "PID|1\rOBR|1\rNTE|1\rOBX|1\rNTE|1\rOBX|2\r",
    ),
    shape("notes", group::check, HEADER, "NTE|1\r"),
    shape(
        "orders without results",
        group::check,
        HEADER,
        "ORC|RE\rOBR|1\r",
    ),
    shape(
        "segments out of place",
        group::check,
        HEADER,
        "AL1|1\rZZZ|2\rMSA|3\r",
    ),
    shape(
        "text in another set",
        write::check,
        IN_SHIFT_JIS,
        "\u{30bd}\\",
    ),
    shape(
        "values in another set",
        write::check,
        IN_SHIFT_JIS,
        "\u{e9}\\XB1\\^",
    ),
    shape(
        "headers in another set",
        write::check,
        IN_SHIFT_JIS,
        "\u{e9}\rMSH|^~\\&|",
    ),
    shape(
        "switches that are kept",
        write::check,
        IN_SHIFT_JIS,
        "\\M2442\\a",
    ),
    shape("keys of a path", path::check, "PID-3[", "5=\"MR\","),
];

const fn shape(
    name: &'static str,
    check: fn(&[u8]),
    start: &'static str,
    repeated: &'static str,
) -> Shape {
    Shape {
        name,
        check,
        start,
        repeated,
    }
}
