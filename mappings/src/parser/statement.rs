//! Reads one line below the header: a block's first line, a row, `choose`, `case`, `else`, `warn`
//! or `reject`. How lines nest is settled in `file`.

use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::span::Span;

use crate::ast::{Block, BlockKind, Choose, Condition, Notice, Per, Row};
use crate::codes;
use crate::lexer::TokenKind;
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::row;
use crate::span::{Spanned, Word};

/// One line below the header.
#[derive(Debug)]
pub enum Statement {
    /// A block, still without its items.
    Block(Block),
    /// A row.
    Row(Row),
    /// A `choose`, still without its cases.
    Choose(Choose),
    /// `case`.
    Case(Vec<Spanned<String>>, Span),
    /// `else`, with what stands on its line.
    Else(Otherwise, Span),
    /// `warn` or `reject`.
    Notice(Notice),
}

/// What stands on the line of an `else`.
#[derive(Debug)]
pub enum Otherwise {
    /// Nothing: rows follow.
    Items,
    /// `skip`.
    Skip,
    /// `warn` or `reject`.
    Notice(Notice),
}

/// Words that open a form of the language that this version does not accept.
const NOT_ACCEPTED: [(&str, &str); 8] = [
    ("extends", "copy the rows into this map"),
    ("in", "copy the rows into this map"),
    ("add", "copy the rows into this map"),
    ("replace", "copy the rows into this map"),
    ("remove", "copy the rows into this map"),
    ("reverse", "write the rows with `<-`"),
    ("segment", "write `resource` or `record`"),
    ("---", "write one map in a file"),
];

const STATEMENTS: [&str; 11] = [
    "resource", "record", "type", "part", "each", "choose", "case", "else", "warn", "reject", "map",
];

/// Reads one line.
pub fn statement(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    if row::starts_row(cursor) {
        return row::row(cursor).map(Statement::Row);
    }
    let span = cursor.span();
    let word = cursor.word("a statement")?;
    match word.value.as_str() {
        "resource" => {
            let name = cursor.word("a resource type")?;
            block(cursor, BlockKind::Resource(name), span)
        }
        "record" => {
            let name = cursor.word("the record's name")?;
            block(cursor, BlockKind::Record(name), span)
        }
        "part" => {
            let target = cursor.word("the path of the part")?;
            block(cursor, BlockKind::Part(target), span)
        }
        "each" => {
            let group = cursor.word("a segment group")?;
            block(cursor, BlockKind::Each(group), span)
        }
        "type" => {
            let from = cursor.word("the source datatype")?;
            cursor.keyword("to")?;
            let to = cursor.word("the target datatype")?;
            block(cursor, BlockKind::Type { from, to }, span)
        }
        "choose" => {
            let path = cursor.word("the path that decides")?;
            cursor.finish("the end of the line: cases follow below")?;
            let (cases, otherwise) = (Vec::new(), Vec::new());
            let span = span.to(cursor.last_span());
            Ok(Statement::Choose(Choose {
                path,
                cases,
                otherwise,
                span,
            }))
        }
        "case" => case(cursor, span),
        "else" => otherwise(cursor, span),
        "warn" | "reject" => notice(cursor, word.value == "reject", span).map(Statement::Notice),
        _ => Err(Box::new(unknown(cursor, &word))),
    }
}

fn unknown(cursor: &Cursor<'_>, word: &Word) -> Diagnostic {
    let known = NOT_ACCEPTED.iter().find(|(form, _)| *form == word.value);
    if let Some((form, instead)) = known {
        return *cursor.not_accepted(word.span, &format!("`{form}`"), instead);
    }
    let mut fault = *cursor.fault(word.span, codes::STATEMENT, "this line is no statement");
    let near = STATEMENTS
        .iter()
        .find(|statement| is_near(statement, &word.value));
    fault.help = Some(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "a row is written `target <- source`".to_owned(),
    });
    fault
}

/// Same first letter and at most two letters apart in length and as many in content.
fn is_near(known: &str, written: &str) -> bool {
    let missing = known
        .chars()
        .filter(|letter| !written.contains(*letter))
        .count();
    known.get(..1) == written.get(..1) && missing < 2 && known.len().abs_diff(written.len()) < 3
}

fn block(cursor: &mut Cursor<'_>, kind: BlockKind, span: Span) -> Parsed<Statement> {
    let mut alias = None;
    let mut per = None;
    loop {
        if alias.is_none() && cursor.take_word("as") {
            alias = Some(cursor.word("the block's name")?);
        } else if per.is_none() && cursor.take_word("per") {
            per = Some(self::per(cursor)?);
        } else {
            break;
        }
    }
    let when: Option<Condition> = row::when(cursor)?;
    cursor.finish("`as`, `per`, `when` or the end of the line")?;
    let span = span.to(cursor.last_span());
    Ok(Statement::Block(Block {
        kind,
        alias,
        per,
        when,
        items: Vec::new(),
        span,
    }))
}

fn per(cursor: &mut Cursor<'_>) -> Parsed<Per> {
    let path = cursor.word("the path that is repeated")?;
    let alias = if cursor.take_word("as") {
        Some(cursor.word("the name of the current one")?)
    } else {
        None
    };
    Ok(Per { path, alias })
}

fn case(cursor: &mut Cursor<'_>, span: Span) -> Parsed<Statement> {
    let mut values = vec![cursor.text("a value in quotes")?];
    while cursor.take(&TokenKind::Comma) {
        values.push(cursor.text("a value in quotes")?);
    }
    cursor.finish("`,` or the end of the line")?;
    Ok(Statement::Case(values, span.to(cursor.last_span())))
}

fn otherwise(cursor: &mut Cursor<'_>, span: Span) -> Parsed<Statement> {
    let start = cursor.span();
    let kind = if cursor.take_word("skip") {
        Otherwise::Skip
    } else if cursor.take_word("reject") {
        Otherwise::Notice(notice(cursor, true, start)?)
    } else if cursor.take_word("warn") {
        Otherwise::Notice(notice(cursor, false, start)?)
    } else {
        Otherwise::Items
    };
    cursor.finish("`skip`, `reject`, `warn` or the end of the line")?;
    Ok(Statement::Else(kind, span.to(cursor.last_span())))
}

fn notice(cursor: &mut Cursor<'_>, reject: bool, span: Span) -> Parsed<Notice> {
    let text = cursor.text("a constant text in quotes")?;
    let when = row::when(cursor)?;
    cursor.finish("`when` or the end of the line")?;
    Ok(Notice {
        reject,
        text,
        when,
        span: span.to(cursor.last_span()),
    })
}
