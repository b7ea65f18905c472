//! Reads the header lines of a map file: `map`, `from`, `to`, `use`, `table`, `const`, `key`,
//! `on-null`. Blocks are read by `statement`.

use isthmus_core::span::Span;

use crate::ast::{From, Literal, MapFile, TableHeader, To, Unmapped, Use};
use crate::codes;
use crate::lexer::TokenKind;
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::literal;
use crate::span::{Spanned, Word};

/// The words that open a header line.
pub const WORDS: [&str; 8] = [
    "map", "from", "to", "use", "table", "const", "key", "on-null",
];

/// Reads one header line into the file's header.
pub fn header(cursor: &mut Cursor<'_>, word: &str, map: &mut MapFile) -> Parsed<()> {
    let span = cursor.span();
    cursor.keyword(word)?;
    match word {
        "map" => {
            let title = (
                cursor.word("the map's name")?,
                cursor.word("the map's version")?,
            );
            set(cursor, &mut map.title, title, word, span)?;
        }
        "from" => {
            let from = Spanned {
                value: from(cursor)?,
                span,
            };
            set(cursor, &mut map.from, from, word, span)?;
        }
        "to" => {
            let to = Spanned {
                value: to(cursor)?,
                span,
            };
            set(cursor, &mut map.to, to, word, span)?;
        }
        "use" => map.uses.push(use_line(cursor)?),
        "table" => map.tables.push(table(cursor)?),
        "const" => map.constants.push(constant(cursor)?),
        "key" => {
            let key = cursor.word("a target path of the record")?;
            set(cursor, &mut map.key, key, word, span)?;
        }
        _ => {
            on_null(cursor)?;
            set(cursor, &mut map.on_null, span, word, span)?;
        }
    }
    cursor.finish("the end of the line")
}

fn set<T>(
    cursor: &Cursor<'_>,
    slot: &mut Option<T>,
    value: T,
    word: &str,
    span: Span,
) -> Parsed<()> {
    if slot.is_some() {
        return Err(cursor.fault(span, codes::HEADER, format!("`{word}` stands twice")));
    }
    *slot = Some(value);
    Ok(())
}

fn from(cursor: &mut Cursor<'_>) -> Parsed<From> {
    let format = cursor.word("`hl7v2` or `fhir R4`")?;
    match format.value.as_str() {
        "hl7v2" => {
            let events = events(cursor)?;
            let senders = senders(cursor)?;
            Ok(From::Hl7v2 { events, senders })
        }
        "fhir" => {
            cursor.keyword("R4")?;
            Ok(From::Fhir {
                aliases: aliases(cursor)?,
            })
        }
        "json" => Err(cursor.not_accepted(
            format.span,
            "a json source",
            "write `from hl7v2 ...` or `from fhir R4 ...`",
        )),
        _ => Err(cursor.fault(
            format.span,
            codes::EXPECTED,
            "expected `hl7v2` or `fhir R4`",
        )),
    }
}

/// `ADT^A01,A04,A08`; an event without a message type has the type of the one before.
fn events(cursor: &mut Cursor<'_>) -> Parsed<Vec<Word>> {
    let mut events = Vec::new();
    let mut code = String::new();
    if cursor.peek().is_none() {
        return Ok(events);
    }
    loop {
        let word = cursor.word("an event such as ADT^A01")?;
        let event = match word.value.split_once('^') {
            Some((message, event)) => {
                message.clone_into(&mut code);
                format!("{message}^{event}")
            }
            None => format!("{code}^{}", word.value),
        };
        let well_formed = event.len() == 7
            && event
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'^');
        if !well_formed {
            let message = "expected an event such as ADT^A01, or A04 after one";
            return Err(cursor.fault(word.span, codes::EXPECTED, message));
        }
        events.push(Spanned {
            value: event,
            span: word.span,
        });
        if !cursor.take(&TokenKind::Comma) {
            return Ok(events);
        }
    }
}

/// `sender "MERCY", "MERCY-LAB"`: whose messages the map is for; nothing for everybody's.
fn senders(cursor: &mut Cursor<'_>) -> Parsed<Vec<Spanned<String>>> {
    let mut senders = Vec::new();
    if !cursor.take_word("sender") {
        return Ok(senders);
    }
    loop {
        senders.push(cursor.text("the sender's id in quotes")?);
        if !cursor.take(&TokenKind::Comma) {
            return Ok(senders);
        }
    }
}

fn aliases(cursor: &mut Cursor<'_>) -> Parsed<Vec<(Word, Word)>> {
    let mut aliases = Vec::new();
    loop {
        let resource = cursor.word("a resource type")?;
        cursor.keyword("as")?;
        aliases.push((resource, cursor.word("an alias")?));
        if !cursor.take(&TokenKind::Comma) {
            return Ok(aliases);
        }
    }
}

fn to(cursor: &mut Cursor<'_>) -> Parsed<To> {
    let format = cursor.word("`fhir R4` or `record NAME`")?;
    match format.value.as_str() {
        "fhir" => {
            cursor.keyword("R4")?;
            if cursor.peek_word() == Some("profile") {
                let instead = "write `to fhir R4`";
                return Err(cursor.not_accepted(cursor.span(), "`profile`", instead));
            }
            Ok(To::Fhir)
        }
        "record" => Ok(To::Record(cursor.word("the record's name")?)),
        "hl7v2" => Err(cursor.not_accepted(
            format.span,
            "`to hl7v2`",
            "write `to fhir R4` or `to record NAME`",
        )),
        _ => Err(cursor.fault(
            format.span,
            codes::EXPECTED,
            "expected `fhir R4` or `record NAME`",
        )),
    }
}

fn use_line(cursor: &mut Cursor<'_>) -> Parsed<Use> {
    let pin = cursor.word("NAME@VERSION")?;
    if cursor.peek_word() == Some("resource") {
        let instead = "`use` takes libraries of types only";
        return Err(cursor.not_accepted(cursor.span(), "`use ... resource`", instead));
    }
    let Some((name, version)) = pin.value.split_once('@') else {
        let message = "expected NAME@VERSION: a library is used in one version";
        return Err(cursor.fault(pin.span, codes::EXPECTED, message));
    };
    let version_span = pin.span.part(name.len() + 1, pin.value.len());
    Ok(Use {
        name: Spanned {
            value: name.to_owned(),
            span: pin.span.part(0, name.len()),
        },
        version: Spanned {
            value: version.to_owned(),
            span: version_span,
        },
    })
}

fn table(cursor: &mut Cursor<'_>) -> Parsed<TableHeader> {
    let name = cursor.word("the table's name")?;
    cursor.sign(&TokenKind::Equal, "`=`")?;
    let file = cursor.word("the table's file")?;
    cursor.keyword("unmapped")?;
    let rule = cursor.word("`error`, `keep`, `skip`, `default \"x\"` or `warn default \"x\"`")?;
    let unmapped = match rule.value.as_str() {
        "error" => Unmapped::Error,
        "keep" => Unmapped::Keep,
        "skip" => Unmapped::Skip,
        "default" => Unmapped::Default {
            code: cursor.text("a code in quotes")?.value,
            warn: false,
        },
        "warn" => {
            cursor.keyword("default")?;
            Unmapped::Default {
                code: cursor.text("a code in quotes")?.value,
                warn: true,
            }
        }
        _ => {
            let message = "expected `error`, `keep`, `skip`, `default` or `warn default`";
            return Err(cursor.fault(rule.span, codes::EXPECTED, message));
        }
    };
    Ok(TableHeader {
        name,
        file,
        unmapped,
    })
}

fn constant(cursor: &mut Cursor<'_>) -> Parsed<(Word, Spanned<Literal>)> {
    let name = cursor.word("the constant's name")?;
    cursor.sign(&TokenKind::Equal, "`=`")?;
    Ok((name, literal::literal(cursor)?))
}

fn on_null(cursor: &mut Cursor<'_>) -> Parsed<()> {
    let rule = cursor.word("`skip`")?;
    match rule.value.as_str() {
        "skip" => Ok(()),
        "clear" => Err(cursor.not_accepted(
            rule.span,
            "`on-null clear`",
            "write `on-null skip`: a null writes nothing into the record",
        )),
        _ => Err(cursor.fault(rule.span, codes::EXPECTED, "expected `skip`")),
    }
}
