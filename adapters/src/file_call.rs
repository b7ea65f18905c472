//! `FileCall`, one file as it is planned; how it comes to where the recipient looks for it is in
//! `drop_folder` and `sftp_client`.

use bytes::Bytes;
use isthmus_core::id::DeliveryId;
use isthmus_core::phi::Phi;

/// What stands before and behind a file's name while it is written.
const UNFINISHED: [&str; 2] = [".", ".part"];
/// How many digits a name begins with.
const SEQUENCE_DIGITS: usize = 16;
/// How many digits of the delivery follow.
const ID_DIGITS: usize = 32;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileForm {
    /// An HL7 v2 message.
    Hl7v2,
    /// A record as JSON.
    Json,
}

impl FileForm {
    /// What its names end in.
    pub(crate) const fn ending(self) -> &'static str {
        match self {
            Self::Hl7v2 => ".hl7",
            Self::Json => ".json",
        }
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCall {
    /// Its name, without a folder. The same at every attempt, and never a value of the record.
    pub name: String,
    /// All of it.
    pub content: Phi<Bytes>,
    /// What that is.
    pub form: FileForm,
    /// An earlier attempt may have put it there.
    pub look_first: bool,
    /// The delivery that it holds.
    pub record: DeliveryId,
}

impl FileCall {
    /// What it is called until it is whole: hidden, and of no ending that a recipient looks for.
    pub(crate) fn unfinished_name(&self) -> String {
        let [before, behind] = UNFINISHED;
        format!("{before}{}{behind}", self.name)
    }
}

/// The name of a file: the place of its message in the journal, so that names sort as messages
/// came, and the delivery.
pub(crate) fn name(sequence: u64, id: DeliveryId, form: FileForm) -> String {
    format!("{sequence:0SEQUENCE_DIGITS$}-{id}{}", form.ending())
}

/// Whether a name is one that we give to a file that is not whole.
pub(crate) fn is_unfinished(name: &str) -> bool {
    let [before, behind] = UNFINISHED;
    let inner = name.strip_prefix(before);
    let Some(inner) = inner.and_then(|rest| rest.strip_suffix(behind)) else {
        return false;
    };
    let endings = [FileForm::Hl7v2, FileForm::Json].map(FileForm::ending);
    let stem = endings.iter().find_map(|one| inner.strip_suffix(one));
    stem.and_then(|stem| stem.split_once('-'))
        .is_some_and(|(sequence, id)| {
            sequence.len() >= SEQUENCE_DIGITS
                && sequence.bytes().all(|byte| byte.is_ascii_digit())
                && id.len() == ID_DIGITS
                && id.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> DeliveryId {
        DeliveryId::from_bytes([byte; 16])
    }

    #[test]
    fn names_sort_as_messages_came() {
        let name = |sequence| name(sequence, id(0xAB), FileForm::Hl7v2);
        assert_eq!(
            name(7),
            "0000000000000007-abababababababababababababababab.hl7"
        );
        let numbers = [1, 9, 10, 99, 100, 12_345_678_901];
        let names: Vec<String> = numbers.map(name).to_vec();
        assert!(names.is_sorted());
    }

    #[test]
    fn only_our_own_names_are_taken_for_unfinished() {
        let call = FileCall {
            name: name(7, id(1), FileForm::Json),
            content: Phi::new(Bytes::new()),
            form: FileForm::Json,
            look_first: false,
            record: id(1),
        };
        assert!(is_unfinished(&call.unfinished_name()));
        assert!(!is_unfinished(&call.name));
        for other in [
            ".part",
            ".report.hl7.part",
            ".7-01.hl7.part",
            ".0000000000000007-abababababababababababababababab.hl7",
            "0000000000000007-abababababababababababababababab.hl7.part",
            ".0000000000000007-ababababababababababababababab..hl7.part",
        ] {
            assert!(!is_unfinished(other), "{other}");
        }
    }
}
