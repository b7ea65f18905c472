//! Packets of SFTP version 3 (draft-ietf-secsh-filexfer-02): requests as bytes, and what answers
//! say; pure. Which are sent when is in `upload`.

/// The version that is spoken; servers of later ones speak it too.
pub(crate) const VERSION: u32 = 3;
/// The longest answer that is read; none of ours is answered with more than a few hundred bytes.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 << 10;
/// The most content of one write: every server takes packets of 34,000 bytes.
pub(crate) const WRITE_BYTES_MAX: usize = 32 << 10;

/// The file was made, or the request done.
pub(crate) const OK: u32 = 0;
/// The kind of a folder among the bits of a mode, and the bits that say a kind.
const FOLDER: (u32, u32) = (0o040_000, 0o170_000);
const HAS_SIZE: u32 = 1;
const HAS_OWNER: u32 = 2;
const HAS_MODE: u32 = 4;
/// Write, create, and only what is not there yet.
const OPEN_NEW: u32 = 0x02 | 0x08 | 0x20;

/// What a server is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Request<'r> {
    /// Makes a file that must not be there, with this mode.
    OpenNew(&'r str, u32),
    /// Writes at this place of an open file.
    Write(&'r [u8], u64, &'r [u8]),
    /// Closes an open file.
    Close(&'r [u8]),
    /// Brings an open file to the disk (`fsync@openssh.com`).
    Sync(&'r [u8]),
    /// Takes a file away.
    Remove(&'r str),
    /// Renames a file, where nothing has the new name.
    Rename(&'r str, &'r str),
    /// Renames a file, in place of what has the new name (`posix-rename@openssh.com`).
    Replace(&'r str, &'r str),
    /// Asks what a path is.
    Look(&'r str),
}

impl Request<'_> {
    /// The request as it is sent.
    pub(crate) fn packet(&self, id: u32) -> Vec<u8> {
        let mut body = Body::new(match self {
            Self::OpenNew(..) => 3,
            Self::Close(_) => 4,
            Self::Write(..) => 6,
            Self::Remove(_) => 13,
            Self::Look(_) => 17,
            Self::Rename(..) => 18,
            Self::Sync(_) | Self::Replace(..) => 200,
        });
        body.number(id);
        match self {
            Self::OpenNew(path, mode) => {
                body.string(path.as_bytes());
                body.number(OPEN_NEW);
                body.number(HAS_MODE);
                body.number(*mode);
            }
            Self::Write(handle, offset, content) => {
                body.string(handle);
                body.0.extend_from_slice(&offset.to_be_bytes());
                body.string(content);
            }
            Self::Close(handle) => body.string(handle),
            Self::Sync(handle) => {
                body.string(b"fsync@openssh.com");
                body.string(handle);
            }
            Self::Remove(path) | Self::Look(path) => body.string(path.as_bytes()),
            Self::Rename(from, to) => {
                body.string(from.as_bytes());
                body.string(to.as_bytes());
            }
            Self::Replace(from, to) => {
                body.string(b"posix-rename@openssh.com");
                body.string(from.as_bytes());
                body.string(to.as_bytes());
            }
        }
        body.framed()
    }
}

/// What is sent first.
pub(crate) fn hello() -> Vec<u8> {
    let mut body = Body::new(1);
    body.number(VERSION);
    body.framed()
}

/// A packet on its way into bytes.
struct Body(Vec<u8>);

impl Body {
    /// Room for the length, then the kind.
    fn new(kind: u8) -> Self {
        Self(vec![0, 0, 0, 0, kind])
    }

    fn number(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    fn string(&mut self, bytes: &[u8]) {
        self.number(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.0.extend_from_slice(bytes);
    }

    fn framed(mut self) -> Vec<u8> {
        let length = u32::try_from(self.0.len().saturating_sub(4)).unwrap_or(u32::MAX);
        let room = self.0.iter_mut().zip(length.to_be_bytes());
        room.for_each(|(at, byte)| *at = byte);
        self.0
    }
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Its version, and what it offers beyond it.
    Hello {
        /// Whether files can be brought to the disk.
        has_sync: bool,
        /// Whether a file can take another's place.
        has_replace: bool,
    },
    /// How a request ended, by number. Its text may hold anything and is not read.
    Status(u32),
    /// An open file.
    Handle(Vec<u8>),
    /// What a path is.
    Attributes {
        /// None when the server does not say.
        is_folder: Option<bool>,
    },
}

impl Answer {
    /// Reads what stands behind a packet's length: the answer, and to which request. None for what
    /// is no answer.
    pub(crate) fn read(packet: &[u8]) -> Option<(u32, Self)> {
        let mut rest = Rest(packet);
        let kind = rest.byte()?;
        let id = rest.number()?;
        Some(match kind {
            2 => (0, hello_read(id, &mut rest)?),
            101 => (id, Self::Status(rest.number()?)),
            102 => (id, Self::Handle(rest.string()?.to_vec())),
            105 => (id, attributes(&mut rest)?),
            _ => return None,
        })
    }
}

fn hello_read(version: u32, rest: &mut Rest<'_>) -> Option<Answer> {
    if version < VERSION {
        return None;
    }
    let (mut has_sync, mut has_replace) = (false, false);
    while !rest.0.is_empty() {
        let (name, data) = (rest.string()?, rest.string()?);
        has_sync |= name == b"fsync@openssh.com" && data == b"1";
        has_replace |= name == b"posix-rename@openssh.com" && data == b"1";
    }
    Some(Answer::Hello {
        has_sync,
        has_replace,
    })
}

fn attributes(rest: &mut Rest<'_>) -> Option<Answer> {
    let flags = rest.number()?;
    if flags & HAS_SIZE != 0 {
        rest.take(8)?;
    }
    if flags & HAS_OWNER != 0 {
        rest.take(8)?;
    }
    let mode = (flags & HAS_MODE != 0).then(|| rest.number());
    let (folder, kinds) = FOLDER;
    let is_folder = match mode {
        Some(mode) => Some(mode? & kinds == folder),
        None => None,
    };
    Some(Answer::Attributes { is_folder })
}

/// What of a packet is not read yet.
struct Rest<'p>(&'p [u8]);

impl<'p> Rest<'p> {
    fn take(&mut self, count: usize) -> Option<&'p [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<u32> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    }

    fn string(&mut self) -> Option<&'p [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_what_the_draft_says() {
        let open = Request::OpenNew("/in/a", 0o640).packet(7);
        let expected = b"\0\0\0\x1a\x03\0\0\0\x07\0\0\0\x05/in/a\0\0\0\x2a\0\0\0\x04\0\0\x01\xa0";
        assert_eq!(open, expected);
        let write = Request::Write(b"h", 1, b"xy").packet(8);
        assert_eq!(
            write,
            b"\0\0\0\x18\x06\0\0\0\x08\0\0\0\x01h\0\0\0\0\0\0\0\x01\0\0\0\x02xy"
        );
        assert_eq!(hello(), b"\0\0\0\x05\x01\0\0\0\x03");
        let replace = Request::Replace("a", "b").packet(9);
        assert!(replace.ends_with(b"\0\0\0\x01a\0\0\0\x01b"));
        assert!(replace.starts_with(b"\0\0\0\x2b\xc8\0\0\0\x09\0\0\0\x18posix-rename@"));
    }

    #[test]
    fn answers_are_read_and_nothing_else_is_one() {
        let hello = b"\x02\0\0\0\x03\0\0\0\x11fsync@openssh.com\0\0\0\x011";
        let read = Answer::read(hello);
        let offered = Answer::Hello {
            has_sync: true,
            has_replace: false,
        };
        assert_eq!(read, Some((0, offered)));
        // What is offered in another version is not what we know.
        let other = hello.map(|byte| if byte == b'1' { b'2' } else { byte });
        assert!(matches!(
            Answer::read(&other),
            Some((
                0,
                Answer::Hello {
                    has_sync: false,
                    ..
                }
            ))
        ));
        let status = b"\x65\0\0\0\x05\0\0\0\x03\0\0\0\x06no way\0\0\0\0";
        assert_eq!(Answer::read(status), Some((5, Answer::Status(3))));
        let handle = b"\x66\0\0\0\x05\0\0\0\x02ab";
        let open = Answer::Handle(b"ab".to_vec());
        assert_eq!(Answer::read(handle), Some((5, open)));
        let folder = b"\x69\0\0\0\x05\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\x41\xed";
        let is_folder = |answer: Option<(u32, Answer)>| match answer {
            Some((_, Answer::Attributes { is_folder })) => is_folder,
            _ => panic!("no attributes"),
        };
        assert_eq!(is_folder(Answer::read(folder)), Some(true));
        assert_eq!(is_folder(Answer::read(b"\x69\0\0\0\x05\0\0\0\0")), None);
        for nothing in [
            &b""[..],
            b"\x65",
            b"\x65\0\0\0\x05\0\0",
            b"\x66\0\0\0\x05\0\0\0\x03ab",
            b"\x02\0\0\0\x02",
            b"\x02\0\0\0\x03\0\0\0\x09x",
            b"\x69\0\0\0\x05\0\0\0\x05\0\0",
            b"\x68\0\0\0\x05\0\0\0\0",
        ] {
            assert_eq!(Answer::read(nothing), None, "{nothing:?}");
        }
    }
}
