//! `isthmus demo`: runs the gateway between a sending system and two recipients that it plays
//! itself, and shows what happens; the parts are in `demo`.

use std::time::Duration;

use isthmus_core::executor::Executor;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::demo::board::Board;
use crate::demo::expectation::{self, Expectation};
use crate::demo::ledger_reading;
use crate::demo::report::Ending;
use crate::demo::screen::Screen;
use crate::demo::setting::Setting;
use crate::demo::story::Story;
use crate::demo::table;
use crate::demo::view::{View, Watch};
use crate::demo::working_folder::{WorkingFolder, typed};
use crate::demo_options::DemoOptions;
use crate::failure::Failure;
use crate::output::Output;
use crate::system::TokioExecutor;
use crate::wiring::Ended;

/// How often the table is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(250);
/// The pause behind each sentence where a person watches.
const PAUSE: Duration = Duration::from_millis(900);
/// Sentences below the table.
const SENTENCES: std::ops::RangeInclusive<usize> = 3..=10;

/// Plays the story and, unless it is to end then, stays up until a signal.
pub(crate) async fn run(options: &DemoOptions, output: Output) -> Result<(), Failure> {
    if output.is_json() && !options.once {
        let text = "--json prints one document at the end, so it needs --once";
        return Err(Failure::Usage(text.to_owned()));
    }
    let mut signals = Signals::take()?;
    let folder = WorkingFolder::make(options.folder.as_deref())?;
    let is_drawn = output.draws_table();
    let pause = if is_drawn && !options.once {
        PAUSE
    } else {
        Duration::ZERO
    };
    let board = Board::new(output, is_drawn);
    let setting = Box::pin(Setting::start(&folder, board, pause)).await?;
    let Setting {
        mut gateway,
        address,
        watch,
        mut story,
        recipients,
    } = setting;
    output.line("Isthmus, a sample CRM and a sample marketing platform, all on this machine");
    output.line(format!("listening for MLLP over TLS on {address}"));
    if !options.once {
        look_around(&folder, output);
    }
    output.line("");
    let screen = is_drawn.then(Screen::new);
    let ended = tokio::select! {
        ended = Box::pin(perform(&mut story, &watch, screen, options.once, output)) => ended,
        ended = gateway.ended() => Err(Failure::Run(match ended {
            Ended::Store(why) => format!("the store failed: {why}"),
            Ended::Loop(why) => why,
        })),
        () = signals.come() => match options.once {
            true => Err(Failure::Run("stopped before the story ended".to_owned())),
            false => Ok(()),
        },
    };
    if !options.once {
        output.line("stopping");
    }
    drop(story);
    gateway.stop().await;
    drop(recipients);
    if options.once && !folder.is_temporary() {
        look_around(&folder, output);
    }
    ended
}

/// Signals to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn take() -> Result<Self, Failure> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(Failure::run)?,
            interrupt: signal(SignalKind::interrupt()).map_err(Failure::run)?,
        })
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The commands that show more of the gateway than the table does.
fn look_around(folder: &WorkingFolder, output: Output) {
    let program = std::env::args().next();
    let program = program.unwrap_or_else(|| "isthmus".to_owned());
    let path = typed(folder.path());
    let (when, fate) = if folder.is_temporary() {
        (" from a second terminal", ", which goes at the end")
    } else {
        ("", "")
    };
    output.line(format!("the configuration is in {path}{fate}"));
    output.line(format!("look around{when}:"));
    for command in [
        "status",
        "why DEMO0021 --to marketing",
        "parked list",
        "ledger verify",
    ] {
        output.line(format!("  {program} {command} --config {path}"));
    }
}

/// Plays, shows and judges; returns only when it is to end then.
async fn perform(
    story: &mut Story,
    watch: &Watch,
    mut screen: Option<Screen>,
    once: bool,
    output: Output,
) -> Result<(), Failure> {
    let (view, ending) = tokio::select! {
        ended = played(story, watch) => ended?,
        failed = draw_on(watch, screen.as_mut(), &[]) => return failed,
    };
    if !once {
        let mut foot = ending.sentences();
        foot.push("Ctrl-C ends the demo".to_owned());
        if screen.is_none() {
            ending.show(&view, output);
            output.line("Ctrl-C ends the demo");
        }
        return draw_on(watch, screen.as_mut(), &foot).await;
    }
    match &mut screen {
        Some(screen) => draw(screen, &view, watch, &ending.sentences())?,
        None => ending.show(&view, output),
    }
    if ending.ok {
        Ok(())
    } else {
        Err(Failure::Findings)
    }
}

/// Plays the story, and holds what came of it against what must have.
async fn played(story: &mut Story, watch: &Watch) -> Result<(View, Ending), Failure> {
    let (ledger, broken) = match story.play().await {
        Ok(()) => (Some(ledger_reading::verified(&watch.asking).await?), None),
        Err(failure) => (None, Some(failure)),
    };
    let view = watch.look().await?;
    let expectations = match (&ledger, broken) {
        (Some(ledger), None) => expectation::all(&view, &story.noted, ledger),
        (_, why) => {
            let why = why.map(|failure| failure.to_string()).unwrap_or_default();
            vec![Expectation::broken_off(&why)]
        }
    };
    let seconds = watch.board.seconds();
    let ending = Ending::new(&view, expectations, ledger.as_ref(), seconds);
    Ok((view, ending))
}

/// Draws the table again and again; without a screen it waits.
async fn draw_on(
    watch: &Watch,
    screen: Option<&mut Screen>,
    foot: &[String],
) -> Result<(), Failure> {
    let Some(screen) = screen else {
        return std::future::pending().await;
    };
    let executor = TokioExecutor::new();
    loop {
        let view = watch.look().await?;
        draw(screen, &view, watch, foot)?;
        executor.sleep(DRAW_EVERY).await;
    }
}

/// Draws the table, the last sentences and what stands below them.
fn draw(screen: &mut Screen, view: &View, watch: &Watch, foot: &[String]) -> Result<(), Failure> {
    let mut lines = table::lines(view, screen.width());
    let taken = lines.len() + foot.len() + 2;
    let room = screen.rows().saturating_sub(taken);
    let most = room.clamp(*SENTENCES.start(), *SENTENCES.end());
    lines.push(String::new());
    lines.extend(watch.board.sentences(most));
    lines.push(String::new());
    lines.extend_from_slice(foot);
    screen.draw(&lines).map_err(Failure::run)
}
