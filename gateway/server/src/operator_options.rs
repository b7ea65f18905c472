//! The options of what operators ask of a store: counts, parked items, consents, holds, suppressed
//! addresses, the ledger and one message's way; the other commands' are in `cli`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Commands on a store, of the gateway that runs on it or alone.
#[derive(Debug, Subcommand)]
pub(crate) enum Operator {
    /// Count what came in, what became of it and what was delivered.
    #[command(after_help = "Example:\n  isthmus status --json")]
    Status,

    /// Have the running gateway read configuration, maps, policies and certificates anew.
    #[command(
        after_help = "Examples:\n  isthmus reload\n  isthmus reload --json\n\nDoes what \
                            SIGHUP does, and answers how it ended. With any error nothing changes, \
                            and the exit code is 2."
    )]
    Reload,

    /// Tell everything that was decided about one message, in order.
    #[command(after_help = "Example:\n  isthmus why EX000004 --to marketing")]
    Why(Why),

    /// List what waits for a person, and say what becomes of it.
    #[command(subcommand)]
    Parked(Parked),

    /// Record or show what a patient allowed.
    #[command(subcommand)]
    Consent(Consent),

    /// Hold back what is about patients, or let it go on.
    #[command(subcommand)]
    Hold(Hold),

    /// Let no marketing go to addresses any more, whoever has them.
    #[command(
        after_help = "Example:\n  isthmus suppress --source unsubscribe --addresses \
                            addresses.txt"
    )]
    Suppress(Suppress),

    /// Check and show what was decided and attempted.
    #[command(subcommand)]
    Ledger(Ledger),
}

/// Commands on consents.
#[derive(Debug, Subcommand)]
pub(crate) enum Consent {
    /// Record what patients said.
    #[command(
        after_help = "Example:\n  echo 'EXAMPLE MRN|100001' | isthmus consent set \
                            --category hipaa-auth --choice opt-in --evidence 'form 7, 2026-01'\n\n\
                            Patients are read from standard input or a file, one AUTHORITY|ID a \
                            line, never from the command line."
    )]
    Set(ConsentSet),

    /// Show what patients said.
    #[command(after_help = "Example:\n  echo 'EXAMPLE MRN|100001' | isthmus consent show")]
    Show(ConsentShow),
}

/// Options of `consent set`.
#[derive(Debug, Args)]
pub(crate) struct ConsentSet {
    /// The consent category, as the policies name it.
    #[arg(long, value_name = "NAME")]
    pub(crate) category: String,

    /// opt-in or opt-out.
    #[arg(long, value_name = "CHOICE", value_parser = ["opt-in", "opt-out"])]
    pub(crate) choice: String,

    /// How it is known: form and version, date, signal; kept with the consent.
    #[arg(long, value_name = "TEXT")]
    pub(crate) evidence: String,

    /// Where the patients are read from; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) patients: PathBuf,
}

/// Options of `consent show`.
#[derive(Debug, Args)]
pub(crate) struct ConsentShow {
    /// Where the patients are read from; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) patients: PathBuf,
}

/// Commands on what is parked.
#[derive(Debug, Subcommand)]
pub(crate) enum Parked {
    /// List what waits for a person, oldest first.
    #[command(after_help = "Example:\n  isthmus parked list --limit 200")]
    List(ParkedList),

    /// Show one item with its decisions and attempts.
    #[command(after_help = "Example:\n  isthmus parked show 0d9f3c1e5b7a42968c11d0e7f6a5b4c3")]
    Show(ParkedShow),

    /// Try items again: a delivery at once, a message from its translation on.
    #[command(
        after_help = "Examples:\n  isthmus parked retry 0d9f3c1e5b7a42968c11d0e7f6a5b4c3 --why \
                            'address mended'\n  isthmus parked retry --all \
                            refused-by-destination --recipient crm --why 'their release 4.2'"
    )]
    Retry(ParkedRule),

    /// Give items up: the payload is disposed of, and what waits behind may go.
    #[command(
        after_help = "Example:\n  isthmus parked drop 0d9f3c1e5b7a42968c11d0e7f6a5b4c3 --why \
                            'test record'"
    )]
    Drop(ParkedRule),
}

/// Options of `parked list`.
#[derive(Debug, Args)]
pub(crate) struct ParkedList {
    /// At most this many.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,

    /// Only after this message.
    #[arg(long, value_name = "MESSAGE")]
    pub(crate) after: Option<u64>,
}

/// Options of `parked show`.
#[derive(Debug, Args)]
pub(crate) struct ParkedShow {
    /// The item, as `parked list` names it.
    pub(crate) item: String,
}

/// Options of `parked retry` and `parked drop`.
#[derive(Debug, Args)]
pub(crate) struct ParkedRule {
    /// The items, as `parked list` names them: a delivery's id or a message's number.
    #[arg(required_unless_present = "all")]
    pub(crate) items: Vec<String>,

    /// Everything that is parked for this reason.
    #[arg(long, value_name = "REASON")]
    pub(crate) all: Option<String>,

    /// With --all: only what is for this recipient.
    #[arg(long, value_name = "ID", requires = "all")]
    pub(crate) recipient: Option<String>,

    /// Why; goes into the ledger, so name no patient.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: String,

    /// Try a message again although later ones of its patient were delivered.
    #[arg(long)]
    pub(crate) out_of_order: bool,
}

/// Commands on the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Check every entry and every checkpoint; name the first that is not what was signed.
    #[command(
        after_help = "Examples:\n  isthmus ledger verify\n  isthmus ledger verify --against \
                            /mnt/witness/checkpoint.txt\n\nExit code 1 on a finding."
    )]
    Verify(LedgerVerify),

    /// Show entries: decisions, attempts and rulings, with names of fields and no values.
    #[command(after_help = "Example:\n  isthmus ledger show --recipient crm --limit 20")]
    Show(LedgerShow),

    /// Print the newest checkpoint, a signed note; keep it where nobody here can change it.
    #[command(after_help = "Example:\n  isthmus ledger checkpoint > /mnt/witness/checkpoint.txt")]
    Checkpoint,

    /// Print the public key that checkpoints are signed with, for whoever verifies them.
    #[command(after_help = "Example:\n  isthmus ledger key")]
    Key,
}

/// Options of `ledger verify`.
#[derive(Debug, Args)]
pub(crate) struct LedgerVerify {
    /// A checkpoint that was exported earlier: only it shows that the end was cut off together
    /// with its checkpoints.
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,

    /// The public key; without it that of the configuration's signing key.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

/// Options of `ledger show`.
#[derive(Debug, Args)]
pub(crate) struct LedgerShow {
    /// Only from this entry on.
    #[arg(long, value_name = "ENTRY")]
    pub(crate) from: Option<u64>,

    /// Only up to this entry.
    #[arg(long, value_name = "ENTRY")]
    pub(crate) to: Option<u64>,

    /// Only of this recipient.
    #[arg(long, value_name = "ID")]
    pub(crate) recipient: Option<String>,

    /// Only with this outcome, such as `withheld`.
    #[arg(long, value_name = "OUTCOME")]
    pub(crate) outcome: Option<String>,

    /// Only about the message with this number.
    #[arg(long, value_name = "MESSAGE")]
    pub(crate) message: Option<u64>,

    /// The newest so many.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
}

/// Options of `why`.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The message's control id (MSH-10).
    pub(crate) control_id: String,

    /// Only what concerns this recipient.
    #[arg(long, value_name = "RECIPIENT")]
    pub(crate) to: Option<String>,

    /// Only of this sender, where several use the same control ids.
    #[arg(long, value_name = "ID")]
    pub(crate) sender: Option<String>,
}

/// Commands on holds.
#[derive(Debug, Subcommand)]
pub(crate) enum Hold {
    /// Let nothing about patients leave until the hold is lifted.
    #[command(
        after_help = "Example:\n  echo 'EXAMPLE MRN|100001' | isthmus hold place --kind review\n\n\
                            Patients are read from standard input or a file, one AUTHORITY|ID a \
                            line, never from the command line."
    )]
    Place(HoldPlace),

    /// Let what was held go on.
    #[command(after_help = "Example:\n  echo 'EXAMPLE MRN|100001' | isthmus hold lift")]
    Lift(HoldLift),
}

/// Options of `hold place`.
#[derive(Debug, Args)]
pub(crate) struct HoldPlace {
    /// review: who the data is about is not certain. restriction: the patient or the law restricts
    /// disclosures (45 CFR 164.522).
    #[arg(long, value_name = "KIND", value_parser = ["review", "restriction"])]
    pub(crate) kind: String,

    /// Where the patients are read from; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) patients: PathBuf,
}

/// Options of `hold lift`.
#[derive(Debug, Args)]
pub(crate) struct HoldLift {
    /// Where the patients are read from; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) patients: PathBuf,
}

/// Options of `suppress`.
#[derive(Debug, Args)]
pub(crate) struct Suppress {
    /// How it is known: `unsubscribe`, `bounce`, `complaint`, a call.
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: String,

    /// Where the addresses are read from, one a line; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) addresses: PathBuf,
}
