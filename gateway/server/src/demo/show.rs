//! `Show`, what the demo shows while it runs, on a screen or line by line; the lines of the table
//! are made in `table`, the sentences told by `story`.

use std::time::Duration;

use isthmus_core::executor::Executor;

use crate::demo::report::Ending;
use crate::demo::screen::Screen;
use crate::demo::table;
use crate::demo::view::{View, Watch};
use crate::demo::working_folder::WorkingFolder;
use crate::failure::Failure;
use crate::output::Output;
use crate::shell_path::shell_path;
use crate::system::TokioExecutor;

/// How often the table is drawn while the story goes on.
const DRAW_EVERY: Duration = Duration::from_millis(250);
/// How often it is drawn afterwards.
const DRAW_EVERY_AFTERWARDS: Duration = Duration::from_secs(1);
/// Sentences below the table at most.
const SENTENCES_MAX: usize = 10;
/// Below so many rows the table is drawn with one line of each text.
const ROWS_FEW: usize = 30;

/// What is shown, and where.
pub(crate) struct Show<'w> {
    /// None: sentences go line by line.
    screen: Option<Screen>,
    /// What can be typed meanwhile.
    commands: Vec<String>,
    /// What is looked at.
    pub(crate) watch: &'w Watch,
    output: Output,
}

impl<'w> Show<'w> {
    /// Shows what is watched: on a table that is drawn, or line by line.
    pub(crate) fn new(watch: &'w Watch, is_drawn: bool, output: Output) -> Self {
        Self {
            screen: is_drawn.then(Screen::new),
            commands: Vec::new(),
            watch,
            output,
        }
    }

    /// Shows the commands that tell more of the gateway: below the table, or once above it when
    /// they are too wide to be drawn whole.
    pub(crate) fn look_around(&mut self, folder: &WorkingFolder) {
        let commands = commands(folder);
        let widest = commands.iter().map(|line| line.chars().count()).max();
        match &self.screen {
            Some(screen) if widest < Some(screen.width()) => self.commands = commands,
            _ => commands.iter().for_each(|line| self.output.line(line)),
        }
    }

    /// Draws the table again and again, with sentences below; without a screen it waits.
    pub(crate) async fn go_on(&mut self, foot: &[String]) -> Result<(), Failure> {
        if self.screen.is_none() {
            return std::future::pending().await;
        }
        let every = if foot.is_empty() {
            DRAW_EVERY
        } else {
            DRAW_EVERY_AFTERWARDS
        };
        let executor = TokioExecutor::new();
        loop {
            let view = self.watch.look().await?;
            self.draw(&view, foot)?;
            executor.sleep(every).await;
        }
    }

    /// Shows how it ended.
    pub(crate) fn end(&mut self, view: &View, ending: &Ending) -> Result<(), Failure> {
        if self.screen.is_none() {
            ending.show(view, self.output);
        }
        self.draw(view, &ending.sentences())
    }

    /// Draws the table, the last sentences and what stands below them.
    fn draw(&mut self, view: &View, foot: &[String]) -> Result<(), Failure> {
        let Some(screen) = &mut self.screen else {
            return Ok(());
        };
        let text_lines = if screen.rows() < ROWS_FEW { 1 } else { 2 };
        let mut lines = table::lines(view, screen.width(), text_lines);
        let below: Vec<&[String]> = [foot, &self.commands]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        let taken: usize = below.iter().map(|part| part.len() + 1).sum();
        let room = screen.rows().saturating_sub(lines.len() + 1 + taken);
        lines.push(String::new());
        lines.extend(self.watch.board.sentences(room.min(SENTENCES_MAX)));
        for part in below {
            lines.push(String::new());
            lines.extend_from_slice(part);
        }
        screen.draw(&lines).map_err(Failure::run)
    }
}

fn commands(folder: &WorkingFolder) -> Vec<String> {
    let program = std::env::args().next();
    let program = program.unwrap_or_else(|| "isthmus".to_owned());
    let path = shell_path(folder.path());
    let head = if folder.is_temporary() {
        "look around from a second terminal; the folder goes at the end:"
    } else {
        "look around, from a second terminal while the demo is up:"
    };
    let commands = ["status", "why DEMO0021", "parked list", "ledger verify"];
    let commands = commands.map(|command| format!("  {program} {command} --config {path}"));
    let lines = Some(head.to_owned()).into_iter().chain(commands);
    lines
        .chain(Some("Ctrl-C ends the demo".to_owned()))
        .collect()
}
