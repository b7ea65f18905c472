//! Reads literals: texts, numbers, `true` and `false`.
//! Constants that stand for literals are looked up in `compile`.

use crate::ast::Literal;
use crate::lexer::TokenKind;
use crate::parser::cursor::{Cursor, Parsed};
use crate::span::Spanned;

/// Whether a literal comes next.
pub fn is_next(cursor: &Cursor<'_>) -> bool {
    match (cursor.peek(), cursor.peek_word()) {
        (Some(TokenKind::Text(_)), _) => true,
        (_, Some(word)) => word_literal(word).is_some(),
        (_, None) => false,
    }
}

/// Reads a text, a number, `true` or `false`.
pub fn literal(cursor: &mut Cursor<'_>) -> Parsed<Spanned<Literal>> {
    let span = cursor.span();
    if let Some(TokenKind::Text(_)) = cursor.peek() {
        let text = cursor.text("a text")?;
        return Ok(Spanned {
            value: Literal::Text(text.value),
            span,
        });
    }
    let Some(value) = cursor.peek_word().and_then(word_literal) else {
        return Err(cursor.expected("a text in quotes, a number, `true` or `false`"));
    };
    cursor.word("a literal")?;
    Ok(Spanned { value, span })
}

fn word_literal(word: &str) -> Option<Literal> {
    match word {
        "true" => return Some(Literal::Boolean(true)),
        "false" => return Some(Literal::Boolean(false)),
        _ => {}
    }
    let digits = word.strip_prefix('-').unwrap_or(word);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let numeric = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    (numeric(whole) && numeric(fraction) && !leading_zero).then(|| Literal::Number(word.to_owned()))
}

/// A literal's text, as compared with a value.
pub fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) | Literal::Number(text) => text.clone(),
        Literal::Boolean(value) => value.to_string(),
    }
}
