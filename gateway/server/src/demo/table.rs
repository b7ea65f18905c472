//! The table of the demo, line by line for a width: who got what, what was held back and what never
//! leaves. Where the lines are written is decided in `screen` and `report`.

use std::collections::BTreeMap;

use crate::demo::asking::deliveries;
use crate::demo::view::{RecipientView, View};

/// All of it, no line wider than `width` columns and each text in so many lines at most.
pub(crate) fn lines(view: &View, width: usize, text_lines: usize) -> Vec<String> {
    let heard = &view.heard;
    let mut lines = vec![
        format!(
            "received {}   acknowledged {} AA, {} NAK   translated {}   parked {}   refused {}",
            heard.sent,
            heard.positive,
            heard.negative,
            view.outcomes("translated"),
            view.outcomes("parked"),
            heard.negative,
        ),
        String::new(),
        row("recipient", &HEAD),
    ];
    let recipients = view.recipients.iter();
    lines.extend(recipients.map(|one| row(one.name, &cells(view, one))));
    lines.push(String::new());
    for one in &view.recipients {
        if let Some(reasons) = view.ledger.withheld.get(one.id) {
            let text = format!("withheld from {}: {}", one.id, counted(reasons));
            lines.extend(wrapped(&text, width, 2));
        }
    }
    for one in &view.recipients {
        let text = format!("never leaves for {}: {}", one.id, one.never_leaves);
        lines.extend(wrapped(&text, width, text_lines));
    }
    lines
}

const HEAD: [&str; 7] = [
    "delivered",
    "waiting",
    "retrying",
    "parked",
    "withheld",
    "signed",
    "bad",
];

fn cells(view: &View, one: &RecipientView) -> [String; 7] {
    let count = |state: &str| deliveries(&view.status, one.id, state).to_string();
    let withheld = view.ledger.withheld.get(one.id);
    let withheld: u64 = withheld.map_or(0, |reasons| reasons.values().sum());
    [
        count("delivered"),
        count("waiting"),
        count("retrying"),
        count("parked"),
        withheld.to_string(),
        one.counts.verified.to_string(),
        one.counts.rejected.to_string(),
    ]
}

/// A name and, below their headings, numbers.
fn row(name: &str, cells: &[impl AsRef<str>; 7]) -> String {
    let cells = cells.iter().zip(HEAD).map(|(cell, head)| {
        let width = head.len() + 1;
        format!("{:>width$}", cell.as_ref())
    });
    let cells: String = cells.collect();
    format!("{name:<25}{cells}")
}

/// `9 consent, 2 consent-revoked`.
pub(crate) fn counted(reasons: &BTreeMap<String, u64>) -> String {
    let words = reasons.iter();
    let words: Vec<String> = words
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    words.join(", ")
}

/// A text broken between words into at most so many lines; what is beyond is told by dots.
pub(crate) fn wrapped(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let length = line.chars().count() + 1 + word.chars().count();
        // The last line keeps room for the dots.
        let room = if lines.len() + 1 == most { 4 } else { 0 };
        if !line.is_empty() && length + room > width {
            if lines.len() + 1 == most {
                line.push_str(" ...");
                lines.push(line);
                return lines;
            }
            lines.push(std::mem::take(&mut line));
            line.push_str("  ");
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_fit_a_terminal_of_80_columns() {
        let numbers = ["999"; 7];
        assert!(row("sample marketing platform", &numbers).chars().count() < 80);
        assert_eq!(row("x", &HEAD).len(), row("x", &numbers).len());
    }

    #[test]
    fn a_long_text_ends_in_dots() {
        assert_eq!(wrapped("one two", 20, 2), ["one two"]);
        assert_eq!(wrapped("one two three", 8, 2), ["one two", "  three"]);
        let text = "one two three four five six";
        assert_eq!(wrapped(text, 12, 2), ["one two", "  three ..."]);
    }
}
