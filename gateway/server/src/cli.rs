//! The command line: names, options, help and examples; what the commands do is in `command`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::command::adapter::AdapterCommand;
use crate::command::conformance::ConformanceCommand;
use crate::command::init::Init;
use crate::command::schema::Schema;
use crate::demo_options::DemoOptions;
use crate::operator_options::Operator;

/// Exit codes, shown below every help text.
const EXIT_CODES: &str = "Exit codes: 0 done, 1 it did not work or has findings, 2 wrong usage or \
                          configuration.";

/// A privacy-preserving bridge between HL7 v2, FHIR R4, CRMs and marketing platforms.
#[derive(Debug, Parser)]
#[command(name = "isthmus", version, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Cli {
    /// What to do; `run` when nothing is said.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// The folder that holds isthmus.toml. Without it: this folder, else gateway/example of a
    /// checkout.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) config: Option<PathBuf>,

    /// Print JSON, one document or one object a line, for programs.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Cli {
    /// What is logged unless the environment says otherwise: the demo tells what happens itself.
    pub(crate) const fn logs(&self) -> &'static str {
        match self.command {
            Some(Command::Demo(_)) => "error",
            _ => "info",
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the gateway at work between a feed, a sample CRM and a sample marketing platform.
    #[command(
        after_help = "Examples:\n  isthmus demo\n  isthmus demo --folder /tmp/isthmus\n  isthmus \
                            demo --once --json"
    )]
    Demo(DemoOptions),

    /// Run the gateway until Ctrl-C or SIGTERM.
    #[command(after_help = "Example:\n  isthmus run --config /etc/isthmus")]
    Run,

    /// Send HL7 v2 files to an MLLP listener and sum up the acknowledgements.
    #[command(
        after_help = "Examples:\n  isthmus send 127.0.0.1:2575 admit.hl7\n  isthmus send \
                            127.0.0.1:2576 feed.hl7 --tls --ca ca.pem --connections 4\n\nA file \
                            may hold many messages; each starts at a line with MSH."
    )]
    Send(Send),

    /// Commands on files.
    #[command(flatten)]
    Offline(Offline),

    /// Commands on a store.
    #[command(flatten)]
    Operator(Operator),
}

/// Commands that need no store and no gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum Offline {
    /// Write a new configuration that runs as it is.
    #[command(after_help = "Example:\n  isthmus init /etc/isthmus")]
    Init(Init),

    /// Check configuration, maps, tables and policies; shows every error at once.
    #[command(
        after_help = "Example:\n  isthmus check --config /etc/isthmus\n\nExit code 2 on \
                            any error."
    )]
    Check,

    /// Translate messages of a file and print the FHIR resources; stores and sends nothing.
    #[command(
        after_help = "Example:\n  isthmus translate admit.hl7\n\nPrints patient data: use \
                            it where you may see them."
    )]
    Translate(Translate),

    /// Run the golden cases beside the maps.
    #[command(
        after_help = "Examples:\n  isthmus test\n  isthmus test mappings/hl7v2-to-fhir \
                            --update"
    )]
    Test(Test),

    /// Show who gets what: source field, path, record field, purpose, and what never leaves.
    #[command(after_help = "Example:\n  isthmus flow --recipient crm")]
    Flow(Flow),

    /// Show what recipients get: the schemas of records and the webhook they come by.
    #[command(
        after_help = "Examples:\n  isthmus schema\n  isthmus schema person\n  isthmus schema \
                            asyncapi > isthmus.asyncapi.json"
    )]
    Schema(Schema),

    /// Check the destinations, and show what would be sent.
    #[command(subcommand)]
    Adapter(AdapterCommand),

    /// What senders are held to: profiles told and checked, and the syntax cases.
    #[command(subcommand)]
    Conformance(ConformanceCommand),

    /// Say more about the code of an error.
    #[command(after_help = "Example:\n  isthmus explain M203")]
    Explain(Explain),
}

/// Options of `translate`.
#[derive(Debug, Args)]
pub(crate) struct Translate {
    /// The file; `-` for standard input.
    pub(crate) file: PathBuf,

    /// The map to use, by name; without it the event decides.
    #[arg(long, value_name = "NAME")]
    pub(crate) map: Option<String>,

    /// The sender whose zone and default charset hold; without it the first one that the
    /// configuration names.
    #[arg(long, value_name = "ID")]
    pub(crate) sender: Option<String>,
}

/// Options of `test`.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// A map, a case folder or a folder of maps; without it all maps.
    pub(crate) path: Option<PathBuf>,

    /// Write what the maps give now as the new expectation; review the difference.
    #[arg(long)]
    pub(crate) update: bool,

    /// Fail when fewer than this percentage of the rows fired in any case.
    #[arg(long, value_name = "PERCENT", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) min_rows: u8,
}

/// Options of `flow`.
#[derive(Debug, Args)]
pub(crate) struct Flow {
    /// One recipient only.
    #[arg(long, value_name = "ID")]
    pub(crate) recipient: Option<String>,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The code, as in `error[M203]` or in the list of what is parked.
    pub(crate) code: String,
}

/// Options of `send`.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// Host and port of the listener.
    pub(crate) address: String,

    /// The files; `-` for standard input.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Speak TLS (MLLPS).
    #[arg(long)]
    pub(crate) tls: bool,

    /// The certificate authority that the listener's certificate must come from (PEM).
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) ca: Option<PathBuf>,

    /// Our certificate (PEM), when the listener asks for one.
    #[arg(long, value_name = "FILE", requires = "client_key")]
    pub(crate) client_certificate: Option<PathBuf>,

    /// Our private key (PEM).
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) client_key: Option<PathBuf>,

    /// How many connections to send on; the order of messages holds on one connection only.
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) connections: u16,

    /// At most this many messages a second over all connections.
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,

    /// Leave out this many messages at the start, to go on after a stop.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) skip: usize,
}
