//! Keys and notes are those of C2SP, are read in one form alone, and hold under their own key
//! alone.

use data_encoding::BASE64;
use isthmus_core::journal::Checkpoint;
use isthmus_ledger::checkpoint::{NoteError, SignedNote, TreeHead, opened};
use isthmus_ledger::signing_key::SigningKey;
use isthmus_ledger::verifying_key::{KeyTextError, VerifyingKey};

use crate::memory_ledger::{ORIGIN, key};

/// The seed of the first test of RFC 8032, section 7.1.
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];
/// Its public half, behind the type.
const PUBLIC: &str = "AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

/// The key of the sum database of Go modules, as every Go toolchain carries it.
const GO_SUM: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

#[test]
fn a_key_has_the_text_that_others_read() {
    let known = VerifyingKey::parse(GO_SUM).unwrap();
    assert_eq!(known.to_string(), GO_SUM);
    assert_eq!((known.name(), known.id()), ("sum.golang.org", 0x033d_e0ae));
    let ours = SigningKey::from_seed(ORIGIN, &SEED).unwrap();
    let text = ours.verifying().to_string();
    assert_eq!(text, format!("{ORIGIN}+aa96e9ce+{PUBLIC}"));
    assert_eq!(VerifyingKey::parse(&text).as_ref(), Ok(ours.verifying()));
    assert_eq!(format!("{ours:?}"), format!("SigningKey({text})"));
}

/// The example of the documentation of Go's package for notes.
#[test]
fn a_signature_of_others_is_checked() {
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb\
                     6KE6RyyBwJnAM=";
    let text = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n";
    let key = VerifyingKey::parse(key).unwrap();
    let signature = BASE64.decode(signature.as_bytes()).unwrap();
    assert_eq!(signature[..4], key.id().to_be_bytes());
    assert!(key.signed(text.as_bytes(), &signature[4..]));
    assert!(!key.signed(&text.as_bytes()[1..], &signature[4..]));
}

#[test]
fn a_mistyped_key_is_refused() {
    let good = key().verifying().to_string();
    let (start, bytes) = good.rsplit_once('+').unwrap();
    let refused = |text: String, why| assert_eq!(VerifyingKey::parse(&text), Err(why), "{text}");
    refused(good.replace("0f1e", "0f1f"), KeyTextError::Hash);
    refused(good.replacen('+', "", 1), KeyTextError::Form);
    refused(format!("{good}="), KeyTextError::Form);
    refused(start.to_owned(), KeyTextError::Form);
    refused(
        format!("{start}+{}", &bytes.replacen('A', "B", 1)),
        KeyTextError::NotEd25519,
    );
    refused(format!("{start}+AQ=="), KeyTextError::NotEd25519);
    for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b"] {
        assert!(SigningKey::from_seed(name, &SEED).is_err(), "{name}");
    }
}

/// The example of the C2SP text on checkpoints.
const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\n\
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5\
    /Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

#[test]
fn a_note_of_others_is_read_and_not_believed() {
    let note = SignedNote::parse(EXAMPLE).unwrap();
    assert_eq!(note.to_string(), EXAMPLE);
    assert_eq!(note.open(key().verifying()), Err(NoteError::UnknownKey));
}

fn note() -> String {
    SignedNote::sign(5, [9; 32], &key()).to_string()
}

#[test]
fn a_note_says_what_was_signed() {
    let note = SignedNote::parse(&note()).unwrap();
    let (origin, size, root) = (ORIGIN.to_owned(), 5, [9; 32]);
    let head = TreeHead { origin, size, root };
    assert_eq!(note.open(key().verifying()), Ok(&head));
    let text = "isthmus/ledger/0f1e2d3c\n5\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n\n";
    assert!(note.to_string().starts_with(text), "{note}");
}

#[test]
fn witnesses_may_sign_beside_and_nobody_else_in_our_name() {
    let witnessed = format!("{}\u{2014} witness.example/w1 AAAAAAEC\n", note());
    let read = SignedNote::parse(&witnessed).unwrap();
    assert_eq!(read.to_string(), witnessed);
    assert!(read.open(key().verifying()).is_ok());
    // The right name and number, and other bytes.
    let (text, ours) = witnessed.rsplit_once("\n\n").unwrap();
    let line = ours.lines().next().unwrap();
    let (start, signature) = line.rsplit_once(' ').unwrap();
    let mut bytes = BASE64.decode(signature.as_bytes()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let forged = format!("{start} {}\n", BASE64.encode(&bytes));
    for lines in [
        forged.clone(),
        format!("{line}\n{forged}"),
        format!("{forged}{line}\n"),
    ] {
        let read = SignedNote::parse(&format!("{text}\n\n{lines}")).unwrap();
        assert_eq!(read.open(key().verifying()), Err(NoteError::Forged));
    }
    let other = SigningKey::from_seed(ORIGIN, &SEED).unwrap();
    let read = SignedNote::sign(5, [9; 32], &other);
    assert_eq!(read.open(key().verifying()), Err(NoteError::UnknownKey));
}

#[test]
fn a_changed_text_is_not_believed() {
    let (key, note) = (key(), note());
    for (from, to) in [("\n5\n", "\n6\n"), ("\nCQk", "\nCgk")] {
        let changed = SignedNote::parse(&note.replacen(from, to, 1)).unwrap();
        assert_eq!(changed.open(key.verifying()), Err(NoteError::Forged));
    }
    // Another ledger's checkpoint, signed with the key of this one.
    let text = "isthmus/ledger/ffff\n5\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n";
    let mut signature = key.verifying().id().to_be_bytes().to_vec();
    signature.extend(key.sign(text.as_bytes()));
    let signature = BASE64.encode(&signature);
    let other = SignedNote::parse(&format!("{text}\n\u{2014} {ORIGIN} {signature}\n")).unwrap();
    assert_eq!(other.open(key.verifying()), Err(NoteError::Origin));
    let mut row = Checkpoint {
        size: 5,
        root: [9; 32],
        note,
    };
    assert!(opened(&row, key.verifying()).is_ok());
    row.size = 6;
    assert_eq!(opened(&row, key.verifying()), Err(NoteError::Row));
}

#[test]
fn a_note_has_one_form() {
    let good = note();
    let (text, signature) = good.split_once("\n\n").unwrap();
    let cases = [
        (good.replace("\n5\n", "\n05\n"), NoteError::Size),
        (good.replace("\n5\n", "\n+5\n"), NoteError::Size),
        (
            good.replace("\n5\n", "\n18446744073709551616\n"),
            NoteError::Size,
        ),
        (good.replace("\n5\n", "\n\n"), NoteError::Size),
        (good.replace("CQk=\n", "CQk\n"), NoteError::Root),
        (good.replace("CQkJ", ""), NoteError::Root),
        (good.replace('\n', "\r\n"), NoteError::ControlCharacter),
        (good.trim_end().to_owned(), NoteError::Unsigned),
        (format!("{text}\n"), NoteError::Unsigned),
        (format!("{text}\nmore\n\n{signature}"), NoteError::Lines),
        (format!("{text}\n\n\n{signature}"), NoteError::Lines),
        (format!("\n5\nCQk=\n\n{signature}"), NoteError::Lines),
        (format!("{good}\n"), NoteError::Unsigned),
        (format!("{good}- x AAAAAAEC\n"), NoteError::SignatureLine),
        (
            format!("{good}\u{2014} x+y AAAAAAEC\n"),
            NoteError::SignatureLine,
        ),
        (
            format!("{good}\u{2014} x AAAAAA==\n"),
            NoteError::SignatureLine,
        ),
        (
            format!("{good}\u{2014} x AAAAAAEC \n"),
            NoteError::SignatureLine,
        ),
        (
            format!("{good}{}", "\u{2014} x AAAAAAEC\n".repeat(16)),
            NoteError::TooLong,
        ),
        (format!("{good}{}", "x".repeat(200_000)), NoteError::TooLong),
        (String::new(), NoteError::Unsigned),
    ];
    for (note, why) in cases {
        assert_eq!(SignedNote::parse(&note).map(|_note| ()), Err(why), "{note}");
    }
}
