//! `isthmus demo`: runs the gateway between a sending system and two recipients that it plays
//! itself, and shows what happens; the parts are in `demo`.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::demo::board::Board;
use crate::demo::expectation::{self, Expectation};
use crate::demo::ledger_reading;
use crate::demo::report::Ending;
use crate::demo::setting::Setting;
use crate::demo::show::Show;
use crate::demo::story::Story;
use crate::demo::view::{View, Watch};
use crate::demo::working_folder::WorkingFolder;
use crate::demo_options::DemoOptions;
use crate::failure::Failure;
use crate::output::Output;
use crate::running_gateway::Ended;
use crate::shell_path::shell_path;

/// The pause behind each sentence where a person watches.
const PAUSE: Duration = Duration::from_millis(900);

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
    let mut show = Show::new(&watch, is_drawn, output);
    if !options.once {
        show.look_around(&folder);
    }
    output.line("");
    let ended = tokio::select! {
        ended = Box::pin(perform(&mut story, &mut show, options.once)) => ended,
        ended = gateway.ended() => Err(Failure::Run(match ended {
            Ended::Store(why) => format!("the store failed: {why}"),
            Ended::Loop(why) => why,
        })),
        () = signals.come() => if options.once {
            Err(Failure::Run("stopped before the story ended".to_owned()))
        } else {
            Ok(())
        },
    };
    drop(show);
    if !options.once {
        output.line("stopping");
    }
    drop(story);
    gateway.stop().await;
    drop(recipients);
    if options.once && !folder.is_temporary() {
        output.line(format!(
            "everything is kept in {}",
            shell_path(folder.path())
        ));
    }
    ended
}

/// Signals to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// The terminal went away.
    hangup: Signal,
}

impl Signals {
    fn take() -> Result<Self, Failure> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(Failure::run)?,
            interrupt: signal(SignalKind::interrupt()).map_err(Failure::run)?,
            hangup: signal(SignalKind::hangup()).map_err(Failure::run)?,
        })
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// Plays, shows and judges; returns only when it is to end then.
async fn perform(story: &mut Story, show: &mut Show<'_>, once: bool) -> Result<(), Failure> {
    let (view, ending) = tokio::select! {
        ended = played(story, show.watch) => ended?,
        failed = show.go_on(&[]) => return failed,
    };
    show.end(&view, &ending)?;
    if !once {
        return show.go_on(&ending.sentences()).await;
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
