//! Reads rows: target, sources, cast, functions, `required` and `when`.
//! What their words name is settled in `compile`.

use crate::ast::{Argument, Call, Condition, Operand, Row};
use crate::lexer::TokenKind;
use crate::parser::condition;
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::literal;
use crate::span::Spanned;

const AFTER_SOURCE: &str = "`:`, `|`, `//`, `,`, `required`, `when` or the end of the line";

/// Whether the line is a row: its second token is an arrow.
pub fn starts_row(cursor: &Cursor<'_>) -> bool {
    matches!(
        cursor.peek_second(),
        Some(TokenKind::Arrow | TokenKind::TwoWayArrow)
    )
}

/// Reads a whole row.
pub fn row(cursor: &mut Cursor<'_>) -> Parsed<Row> {
    let target = cursor.word("the path to write")?;
    if cursor.peek() == Some(&TokenKind::TwoWayArrow) {
        return Err(cursor.not_accepted(cursor.span(), "`<->`", "write `<-`"));
    }
    cursor.sign(&TokenKind::Arrow, "`<-`")?;
    let source = source(cursor)?;
    let cast = if cursor.take(&TokenKind::Colon) {
        Some(cursor.word("the type to map, such as CX")?)
    } else {
        None
    };
    let mut functions = Vec::new();
    while cursor.take(&TokenKind::Pipe) {
        functions.push(call(cursor)?);
    }
    let required = cursor.take_word("required");
    let when = when(cursor)?;
    cursor.finish(AFTER_SOURCE)?;
    let span = target.span.to(cursor.last_span());
    Ok(Row {
        target,
        source,
        cast,
        functions,
        required,
        when,
        span,
    })
}

/// Reads `when cond` if it comes next.
pub fn when(cursor: &mut Cursor<'_>) -> Parsed<Option<Condition>> {
    if cursor.take_word("when") {
        condition::condition(cursor).map(Some)
    } else {
        Ok(None)
    }
}

fn source(cursor: &mut Cursor<'_>) -> Parsed<Vec<Vec<Operand>>> {
    let mut arguments = vec![choice(cursor)?];
    while cursor.take(&TokenKind::Comma) {
        arguments.push(choice(cursor)?);
    }
    Ok(arguments)
}

fn choice(cursor: &mut Cursor<'_>) -> Parsed<Vec<Operand>> {
    let mut operands = vec![operand(cursor)?];
    while cursor.take(&TokenKind::Otherwise) {
        operands.push(operand(cursor)?);
    }
    Ok(operands)
}

fn operand(cursor: &mut Cursor<'_>) -> Parsed<Operand> {
    if cursor.peek_second() == Some(&TokenKind::Open) && cursor.peek_word().is_some() {
        return Ok(Operand::Call(call(cursor)?));
    }
    if literal::is_next(cursor) {
        return Ok(Operand::Literal(literal::literal(cursor)?));
    }
    let word = cursor.word("a path, a text in quotes or a function")?;
    match word.value.strip_prefix('$') {
        Some(name) => Ok(Operand::Constant(Spanned {
            value: name.to_owned(),
            span: word.span,
        })),
        None => Ok(Operand::Path(word)),
    }
}

fn call(cursor: &mut Cursor<'_>) -> Parsed<Call> {
    let name = cursor.word("a function")?;
    let mut arguments = Vec::new();
    if cursor.take(&TokenKind::Open) && !cursor.take(&TokenKind::Close) {
        arguments.push(argument(cursor)?);
        while cursor.take(&TokenKind::Comma) {
            arguments.push(argument(cursor)?);
        }
        cursor.sign(&TokenKind::Close, "`,` or `)`")?;
    }
    let span = name.span.to(cursor.last_span());
    Ok(Call {
        name,
        arguments,
        span,
    })
}

fn argument(cursor: &mut Cursor<'_>) -> Parsed<Argument> {
    if literal::is_next(cursor) {
        return Ok(Argument::Literal(literal::literal(cursor)?));
    }
    Ok(Argument::Name(
        cursor.word("a text in quotes, a number or a name")?,
    ))
}
