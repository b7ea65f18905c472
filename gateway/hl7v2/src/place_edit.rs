//! Finding a place in the text of a segment so that it can be written, with the delimiters that it
//! needs and that are not there yet. What is written is in `content`.

use std::ops::Range;

use crate::delimiter_search::find;

/// The piece at `index` (from 0) of the text in `range`, made when it is not there.
pub(crate) fn reach(
    text: &mut String,
    range: Range<usize>,
    delimiter: u8,
    index: usize,
) -> Range<usize> {
    let Range { mut start, end } = range;
    for done in 0..index {
        if let Some(place) = next(text, start..end, delimiter) {
            start = place.saturating_add(1);
            continue;
        }
        let missing = index.saturating_sub(done);
        let delimiters = String::from(char::from(delimiter)).repeat(missing);
        text.insert_str(end, &delimiters);
        let end = end.saturating_add(missing);
        return end..end;
    }
    start..next(text, start..end, delimiter).unwrap_or(end)
}

/// How many pieces a text has; none when it is empty.
pub(crate) fn count(text: &str, delimiter: u8) -> usize {
    if text.is_empty() {
        return 0;
    }
    let delimiters = text.bytes().filter(|byte| *byte == delimiter).count();
    delimiters.saturating_add(1)
}

/// Takes out the piece at `index` (from 0) with one delimiter beside it.
pub(crate) fn remove(text: &mut String, range: Range<usize>, delimiter: u8, index: usize) {
    let piece = reach(text, range.clone(), delimiter, index);
    let Range { start, end } = piece;
    if end < range.end {
        text.replace_range(start..end.saturating_add(1), "");
    } else {
        let start = if start > range.start {
            start.saturating_sub(1)
        } else {
            start
        };
        text.replace_range(start..end, "");
    }
}

fn next(text: &str, range: Range<usize>, delimiter: u8) -> Option<usize> {
    let start = range.start;
    let place = find(text.get(range)?, delimiter)?;
    Some(start.saturating_add(place))
}
