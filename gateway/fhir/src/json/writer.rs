//! Writes a tree as JSON, compact or indented; number text goes out byte for byte as it came in.

use crate::element::{Element, Object};

/// Appends the compact JSON of the element.
pub fn write(element: &Element, out: &mut Vec<u8>) {
    match element {
        Element::Array(elements) => {
            out.push(b'[');
            for (index, element) in elements.iter().enumerate() {
                separate(index, out);
                write(element, out);
            }
            out.push(b']');
        }
        Element::Object(object) => write_object(object, out),
        Element::Null | Element::Boolean(_) | Element::Number(_) | Element::String(_) => {
            write_primitive(element, out);
        }
    }
}

/// Appends the compact JSON of the object.
pub fn write_object(object: &Object, out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, (name, element)) in object.members().enumerate() {
        separate(index, out);
        write_string(name, out);
        out.push(b':');
        write(element, out);
    }
    out.push(b'}');
}

/// Appends the JSON of the element with a line for each member, indented by two spaces a level.
pub fn write_pretty(element: &Element, out: &mut Vec<u8>) {
    write_indented(element, 0, out);
}

fn write_indented(element: &Element, level: usize, out: &mut Vec<u8>) {
    match element {
        Element::Array(elements) if !elements.is_empty() => {
            out.push(b'[');
            for (index, element) in elements.iter().enumerate() {
                separate(index, out);
                new_line(level + 1, out);
                write_indented(element, level + 1, out);
            }
            new_line(level, out);
            out.push(b']');
        }
        Element::Object(object) if !object.is_empty() => {
            out.push(b'{');
            for (index, (name, element)) in object.members().enumerate() {
                separate(index, out);
                new_line(level + 1, out);
                write_string(name, out);
                out.extend_from_slice(b": ");
                write_indented(element, level + 1, out);
            }
            new_line(level, out);
            out.push(b'}');
        }
        Element::Null
        | Element::Boolean(_)
        | Element::Number(_)
        | Element::String(_)
        | Element::Array(_)
        | Element::Object(_) => write(element, out),
    }
}

fn write_primitive(element: &Element, out: &mut Vec<u8>) {
    match element {
        Element::String(text) => write_string(text, out),
        Element::Boolean(_) | Element::Number(_) => {
            out.extend_from_slice(element.primitive_text().unwrap_or_default().as_bytes());
        }
        Element::Null | Element::Array(_) | Element::Object(_) => out.extend_from_slice(b"null"),
    }
}

fn separate(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

fn new_line(level: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', level * 2));
}

/// Appends a JSON string; runs without escapes are copied whole.
fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| needs_escape(*byte)) {
        let Some((run, [byte, after @ ..])) = rest.split_at_checked(at) else {
            break;
        };
        out.extend_from_slice(run);
        write_escape(*byte, out);
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

const fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        control => {
            out.extend_from_slice(format!("\\u{control:04x}").as_bytes());
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
