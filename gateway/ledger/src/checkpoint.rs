//! Checkpoints as signed notes (C2SP tlog-checkpoint and signed-note): written, read strictly,
//! believed only with the key. When one is made is told in `checkpoint_loop`.

use std::fmt;

use data_encoding::BASE64;
use isthmus_core::journal::Checkpoint;
use isthmus_core::ledger::LeafHash;

use crate::signing_key::SigningKey;
use crate::verifying_key::VerifyingKey;

/// The most bytes of a note: 16 signatures, of which witnesses' may be of 5 kB.
const NOTE_BYTES_MAX: usize = 128 * 1024;
/// The most signatures of a note.
const SIGNATURES_MAX: usize = 16;
/// What a signature line begins with.
const DASH: &str = "\u{2014} ";

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeHead {
    /// Which ledger.
    pub origin: String,
    /// How many entries it covers.
    pub size: u64,
    /// The root of the tree over them.
    pub root: LeafHash,
}

/// A checkpoint and its signatures. What it says is told by [`SignedNote::open`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    head: TreeHead,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    name: String,
    key: u32,
    bytes: Vec<u8>,
}

/// Why a text is no checkpoint, or not one of this ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// More bytes or signatures than are read.
    #[error("the note is too long")]
    TooLong,
    /// A control character other than the line feed.
    #[error("the note has a control character")]
    ControlCharacter,
    /// No empty line, or nothing behind it, or no line feed at the end.
    #[error("the note has no signature")]
    Unsigned,
    /// The text is not the three lines of a checkpoint: origin, size, root.
    #[error("the note is not the three lines of a checkpoint")]
    Lines,
    /// The second line is no number, or not in its shortest form.
    #[error("the size of the tree is not a number in its shortest form")]
    Size,
    /// The third line is not the base64 of 32 bytes.
    #[error("the root is not the base64 of 32 bytes")]
    Root,
    /// A line behind the empty one is no signature.
    #[error("a signature line is not a dash, a name and base64")]
    SignatureLine,
    /// It is about another ledger.
    #[error("the note is about another ledger")]
    Origin,
    /// None of the signatures is of this key.
    #[error("the note is signed with another key")]
    UnknownKey,
    /// A signature of this key is not one of this text.
    #[error("the signature does not belong to the note")]
    Forged,
    /// What was kept beside the note is not what it says.
    #[error("the note says another size or root than its row")]
    Row,
}

impl TreeHead {
    /// The text that is signed.
    fn text(&self) -> String {
        let root = BASE64.encode(&self.root);
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }

    fn parse(text: &str) -> Result<Self, NoteError> {
        let lines = text.strip_suffix('\n').ok_or(NoteError::Lines)?;
        // Lines of extension are not ours, so that a note with some was not written here.
        let [origin, size, root] = lines
            .split('\n')
            .collect::<Vec<_>>()
            .try_into()
            .map_err(|_number| NoteError::Lines)?;
        if origin.is_empty() {
            return Err(NoteError::Lines);
        }
        let number: u64 = size.parse().map_err(|_syntax| NoteError::Size)?;
        if number.to_string() != size {
            return Err(NoteError::Size);
        }
        let root = BASE64
            .decode(root.as_bytes())
            .ok()
            .and_then(|root| root.try_into().ok());
        Ok(Self {
            origin: origin.to_owned(),
            size: number,
            root: root.ok_or(NoteError::Root)?,
        })
    }
}

impl SignedNote {
    /// The checkpoint of a tree, under the key's name as origin.
    pub fn sign(size: u64, root: LeafHash, key: &SigningKey) -> Self {
        let name = key.verifying().name().to_owned();
        let origin = name.clone();
        let head = TreeHead { origin, size, root };
        let signature = Signature {
            name,
            key: key.verifying().id(),
            bytes: key.sign(head.text().as_bytes()),
        };
        Self {
            head,
            signatures: vec![signature],
        }
    }

    /// Reads what `Display` writes; signatures of others are kept.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        if note
            .chars()
            .any(|one| one.is_ascii_control() && one != '\n')
        {
            return Err(NoteError::ControlCharacter);
        }
        let parts = note.rsplit_once("\n\n").ok_or(NoteError::Unsigned)?;
        let (text, signatures) = parts;
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Unsigned)?;
        let head = TreeHead::parse(&format!("{text}\n"))?;
        if signatures.split('\n').count() > SIGNATURES_MAX {
            return Err(NoteError::TooLong);
        }
        let signatures = signatures.split('\n').map(Signature::parse);
        let signatures = signatures.collect::<Option<_>>();
        let signatures = signatures.ok_or(NoteError::SignatureLine)?;
        Ok(Self { head, signatures })
    }

    /// What the ledger of this key signed. Signatures of other keys are passed over.
    pub fn open(&self, key: &VerifyingKey) -> Result<&TreeHead, NoteError> {
        let ours = |one: &&Signature| one.name == key.name() && one.key == key.id();
        let mut ours = self.signatures.iter().filter(ours).peekable();
        ours.peek().ok_or(NoteError::UnknownKey)?;
        let text = self.head.text();
        if !ours.all(|one| key.signed(text.as_bytes(), &one.bytes)) {
            return Err(NoteError::Forged);
        }
        let is_ours = self.head.origin == key.name();
        is_ours.then_some(&self.head).ok_or(NoteError::Origin)
    }
}

/// What a committed checkpoint says, when its note is signed with the key and says the same as its
/// row.
pub fn opened(row: &Checkpoint, key: &VerifyingKey) -> Result<TreeHead, NoteError> {
    let note = SignedNote::parse(&row.note)?;
    let head = note.open(key)?;
    let same = head.size == row.size && head.root == row.root;
    same.then(|| head.clone()).ok_or(NoteError::Row)
}

impl Signature {
    fn parse(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix(DASH)?.split_once(' ')?;
        let barred = |one: char| one.is_whitespace() || one == '+';
        let signature = BASE64.decode(signature.as_bytes()).ok()?;
        let (key, bytes) = signature.split_first_chunk::<4>()?;
        let is_whole = !name.is_empty() && !name.contains(barred) && !bytes.is_empty();
        is_whole.then(|| Self {
            name: name.to_owned(),
            key: u32::from_be_bytes(*key),
            bytes: bytes.to_vec(),
        })
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.head.text())?;
        self.signatures.iter().try_for_each(|one| {
            let mut bytes = one.key.to_be_bytes().to_vec();
            bytes.extend(&one.bytes);
            writeln!(f, "{DASH}{} {}", one.name, BASE64.encode(&bytes))
        })
    }
}
