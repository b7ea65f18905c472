//! The messages that are parsed: those of `messages`, made as long as feeds have them.

const ADMISSION: &str = include_str!("../messages/admission.hl7");
const RESULTS: &str = include_str!("../messages/results.hl7");
const DOCUMENT: &str = include_str!("../messages/document.hl7");

/// A message and what it is.
pub struct Sample {
    /// Its type and size.
    pub name: &'static str,
    /// The message, segments ended by carriage returns.
    pub text: String,
}

/// An admission of 1.1 KB, results of 1.7 and 12 KB, and a document of 1 MB in one field.
pub fn samples() -> [Sample; 4] {
    [
        sample("ADT 1.1 KB", ADMISSION),
        sample("ORU 1.7 KB", &results(10)),
        sample("ORU 12 KB", &results(94)),
        sample(
            "MDM 1 MB",
            &DOCUMENT.replace("DOCUMENT", &"QUJD".repeat(1 << 18)),
        ),
    ]
}

fn sample(name: &'static str, lines: &str) -> Sample {
    let text = lines.replace('\n', "\r");
    Sample { name, text }
}

/// The one result of the message, that many times.
fn results(count: usize) -> String {
    let place = RESULTS.find("OBX|").expect("it has a result");
    let (before, result) = RESULTS.split_at(place);
    before.to_owned() + &result.repeat(count)
}
