//! `Screen`, which draws lines over those that it drew before, at the bottom of a terminal; what
//! the lines say is `table`'s and `board`'s.

use std::io;

use console::{Term, truncate_str};

/// The narrowest and the widest that is drawn, in columns.
const WIDTH: (usize, usize) = (60, 120);

/// The lower part of a terminal.
pub(crate) struct Screen {
    terminal: Term,
    /// Lines that are drawn now.
    drawn: usize,
}

impl Screen {
    /// Takes the terminal that standard output is, and hides its cursor.
    pub(crate) fn new() -> Self {
        let terminal = Term::buffered_stdout();
        // Whoever cannot hide it keeps it.
        drop(terminal.hide_cursor());
        Self { terminal, drawn: 0 }
    }

    /// Columns that lines may take.
    pub(crate) fn width(&self) -> usize {
        let (_rows, columns) = self.terminal.size();
        usize::from(columns).clamp(WIDTH.0, WIDTH.1)
    }

    /// Rows that lines may take.
    pub(crate) fn rows(&self) -> usize {
        let (rows, _columns) = self.terminal.size();
        usize::from(rows).saturating_sub(1)
    }

    /// Draws lines in place of those before; what is too wide or too much is left out.
    pub(crate) fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        self.terminal.move_cursor_up(self.drawn)?;
        let (_rows, columns) = self.terminal.size();
        let shown = lines.iter().take(self.rows());
        self.drawn = shown.len();
        for line in shown {
            self.terminal.clear_line()?;
            let line = truncate_str(line, usize::from(columns), "");
            self.terminal.write_line(&line)?;
        }
        self.terminal.clear_to_end_of_screen()?;
        self.terminal.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        drop(self.terminal.show_cursor());
        drop(self.terminal.flush());
    }
}
