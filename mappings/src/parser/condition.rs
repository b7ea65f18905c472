//! Reads conditions: `and`, `or`, `not`, parentheses and the tests of one path.
//! What the tested paths are is settled in `compile`.

use isthmus_core::span::Span;

use crate::ast::{Comparison, Condition, Test, TestKind};
use crate::codes;
use crate::lexer::TokenKind;
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::literal;

/// Nested parentheses and `not`s in one condition, at most.
const MAX_DEPTH: usize = 32;

/// Reads a whole condition.
pub fn condition(cursor: &mut Cursor<'_>) -> Parsed<Condition> {
    any(cursor, 0)
}

fn any(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Condition> {
    let mut all = vec![every(cursor, depth)?];
    while cursor.take_word("or") {
        all.push(every(cursor, depth)?);
    }
    Ok(single(all, Condition::Any))
}

fn every(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Condition> {
    let mut all = vec![one(cursor, depth)?];
    while cursor.take_word("and") {
        all.push(one(cursor, depth)?);
    }
    Ok(single(all, Condition::All))
}

fn single(mut all: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match (all.len(), all.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            all.push(last);
            join(all)
        }
        (_, None) => join(all),
    }
}

fn one(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Condition> {
    if depth > MAX_DEPTH {
        let message = format!("more than {MAX_DEPTH} levels in one condition");
        return Err(cursor.fault(cursor.span(), codes::LIMIT, message));
    }
    if cursor.take_word("not") {
        return Ok(Condition::Not(Box::new(one(cursor, depth + 1)?)));
    }
    if cursor.take(&TokenKind::Open) {
        let inner = any(cursor, depth + 1)?;
        cursor.sign(&TokenKind::Close, "`)`")?;
        return Ok(inner);
    }
    let start = cursor.span();
    let word = cursor.word("a path or a function of a path")?;
    if !cursor.take(&TokenKind::Open) {
        let kind = path_test(cursor)?;
        let span = start.to(cursor.last_span());
        return Ok(Condition::Test(Test {
            path: word,
            kind,
            span,
        }));
    }
    let path = cursor.word("the path that is looked at")?;
    cursor.sign(
        &TokenKind::Close,
        "`)`: a function in a condition takes one path",
    )?;
    let kind = match word.value.as_str() {
        "count" => {
            let (comparison, number) = bound(cursor)?;
            TestKind::Count(comparison, number)
        }
        "length" => {
            let (comparison, number) = bound(cursor)?;
            TestKind::Length(comparison, number)
        }
        _ => TestKind::Function(word.value),
    };
    Ok(Condition::Test(Test {
        path,
        kind,
        span: start.to(cursor.last_span()),
    }))
}

fn path_test(cursor: &mut Cursor<'_>) -> Parsed<TestKind> {
    if cursor.take_word("present") {
        return Ok(TestKind::Present);
    }
    if cursor.take_word("null") {
        return Ok(TestKind::Null);
    }
    if cursor.take_word("in") {
        return in_test(cursor);
    }
    let Some(comparison) = comparison(cursor) else {
        return Err(cursor.expected("`present`, `null`, `in`, `=`, `!=`, `<` or `>`"));
    };
    let literal = literal::literal(cursor)?;
    Ok(TestKind::Compare(comparison, literal.value))
}

fn in_test(cursor: &mut Cursor<'_>) -> Parsed<TestKind> {
    if !cursor.take(&TokenKind::Open) {
        return Ok(TestKind::InTable(
            cursor.word("a list in parentheses or a table")?.value,
        ));
    }
    let mut values = vec![cursor.text("a text in quotes")?.value];
    while cursor.take(&TokenKind::Comma) {
        values.push(cursor.text("a text in quotes")?.value);
    }
    cursor.sign(&TokenKind::Close, "`,` or `)`")?;
    Ok(TestKind::InList(values))
}

fn comparison(cursor: &mut Cursor<'_>) -> Option<Comparison> {
    let signs = [
        (TokenKind::Equal, Comparison::Equal),
        (TokenKind::NotEqual, Comparison::NotEqual),
        (TokenKind::Less, Comparison::Less),
        (TokenKind::Greater, Comparison::Greater),
    ];
    signs
        .into_iter()
        .find(|(sign, _)| cursor.take(sign))
        .map(|(_, comparison)| comparison)
}

fn bound(cursor: &mut Cursor<'_>) -> Parsed<(Comparison, u32)> {
    let Some(comparison) = comparison(cursor) else {
        return Err(cursor.expected("`=`, `!=`, `<` or `>`"));
    };
    let span: Span = cursor.span();
    let word = cursor.word("a whole number")?;
    match word.value.parse() {
        Ok(number) => Ok((comparison, number)),
        Err(_) => Err(cursor.fault(span, codes::EXPECTED, "expected a whole number")),
    }
}
