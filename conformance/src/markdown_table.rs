//! Markdown that is read in a terminal as well: tables with columns in line, of at most a given
//! width, and paragraphs broken between words. What they say is `statement`'s.

/// A table.
pub(crate) struct MarkdownTable {
    rows: Vec<Vec<String>>,
}

/// Characters that the widest column that may be cut keeps at least.
const CUT_TO: usize = 8;

impl MarkdownTable {
    /// One with this head.
    pub(crate) fn new(head: &[&str]) -> Self {
        let head = head.iter().map(|&cell| cell.to_owned()).collect();
        Self { rows: vec![head] }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        let cells = cells.into_iter();
        // A bar would end the cell.
        let cells = cells.map(|cell| cell.replace('|', "\\|")).collect();
        self.rows.push(cells);
    }

    /// The table's lines. Columns in which no row says anything are left out; where it is wider
    /// than `width`, the column `cut` is cut.
    pub(crate) fn text(&self, width: usize, cut: Option<usize>) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let mut widths: Vec<usize> = (0..columns).map(|column| self.width(column)).collect();
        let all = |widths: &[usize]| -> usize {
            let shown = widths.iter().filter(|&&width| width > 0);
            shown
                .map(|width| width.saturating_add(3))
                .sum::<usize>()
                .saturating_add(1)
        };
        let beyond = all(&widths).saturating_sub(width);
        if let Some(widest) = cut.and_then(|column| widths.get_mut(column)) {
            *widest = widest.saturating_sub(beyond).max(CUT_TO.min(*widest));
        }
        let mut text = String::new();
        for (place, row) in self.rows.iter().enumerate() {
            text.push_str(&line(row, &widths, ' '));
            if place == 0 {
                text.push_str(&line(&vec![String::new(); columns], &widths, '-'));
            }
        }
        text
    }

    /// The width of a column; 0 when nothing stands below its head.
    fn width(&self, column: usize) -> usize {
        let cells = || self.rows.iter().filter_map(|row| row.get(column));
        if cells().skip(1).all(String::is_empty) {
            return 0;
        }
        let widest = cells().map(|cell| cell.chars().count()).max();
        widest.unwrap_or_default()
    }
}

fn line(row: &[String], widths: &[usize], fill: char) -> String {
    let mut text = String::from("|");
    for (cell, &width) in row.iter().zip(widths).filter(|(_, width)| **width > 0) {
        let length = cell.chars().count();
        let shown: String = if length > width {
            let kept = cell.chars().take(width.saturating_sub(2));
            kept.chain("..".chars()).collect()
        } else {
            cell.clone()
        };
        text.push(' ');
        text.push_str(&shown);
        let length = shown.chars().count();
        text.extend(std::iter::repeat_n(fill, width.saturating_sub(length)));
        text.push_str(" |");
    }
    text.push('\n');
    text
}

/// A paragraph, broken between words.
pub(crate) fn paragraph(words: &str, width: usize) -> String {
    let mut text = String::new();
    let mut length: usize = 0;
    for word in words.split(' ') {
        let own = word.chars().count();
        if length > 0 && length.saturating_add(own) >= width {
            text.push('\n');
            length = 0;
        } else if length > 0 {
            text.push(' ');
            length = length.saturating_add(1);
        }
        text.push_str(word);
        length = length.saturating_add(own);
    }
    text.push('\n');
    text
}
