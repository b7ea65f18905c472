//! The options of `demo`; what it does is in `command::demo`.

use std::path::PathBuf;

use clap::Args;

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// Work in this new folder and keep it; without it, in one that is removed at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,

    /// End after the story, with exit code 1 when something was not as it should be.
    #[arg(long)]
    pub(crate) once: bool,
}
