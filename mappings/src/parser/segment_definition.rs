//! Reads `define segment`: its first line and the lines of its fields. Whether a message can have
//! such a segment is found out in `compile`.

use crate::ast::{FieldDefinition, SegmentDefinition, SegmentPlace};
use crate::codes;
use crate::lexer::TokenKind;
use crate::parser::cursor::{Cursor, Parsed};
use crate::span::Spanned;

/// The word that opens a definition.
pub const WORD: &str = "define";

/// Reads `define segment ZPI after PID`, still without its fields.
pub fn definition(cursor: &mut Cursor<'_>) -> Parsed<SegmentDefinition> {
    cursor.keyword(WORD)?;
    cursor.keyword("segment")?;
    let name = cursor.word("the segment's name, such as ZPI")?;
    let mut places = Vec::new();
    loop {
        if cursor.take_word("in") {
            places.push(SegmentPlace::In(cursor.word("a segment group")?));
        } else {
            cursor.keyword("after")?;
            places.push(SegmentPlace::After(cursor.word("a segment, such as PID")?));
        }
        if !cursor.take(&TokenKind::Comma) {
            break;
        }
    }
    cursor.finish("`,` or the end of the line: the fields follow below")?;
    Ok(SegmentDefinition {
        name,
        places,
        fields: Vec::new(),
    })
}

/// Reads `4 XTN "Text-message number" repeats`.
pub fn field(cursor: &mut Cursor<'_>) -> Parsed<FieldDefinition> {
    let number = cursor.word("the number of a field")?;
    let Ok(value) = number.value.parse() else {
        let message = "expected the number of a field, such as `2 CWE \"Preferred pharmacy\"`";
        return Err(cursor.fault(number.span, codes::EXPECTED, message));
    };
    let datatype = cursor.word("the field's datatype, such as CWE")?;
    let name = cursor.text("the field's name in quotes")?;
    let repeats = cursor.take_word("repeats");
    cursor.finish("`repeats` or the end of the line")?;
    Ok(FieldDefinition {
        number: Spanned {
            value,
            span: number.span,
        },
        datatype,
        name,
        repeats,
    })
}
