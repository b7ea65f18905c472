//! One policy file as read: its recipient and its flows with their rows, each checked by itself.
//! What needs the other files - agreements, maps, ids over all - is checked in `policy_set`.

use crate::clock::Timestamp;
use crate::privacy::allow_row::{self, ReadRow};
use crate::privacy::codes;
use crate::privacy::consent::Requirement;
use crate::privacy::data_class::DataClass;
use crate::privacy::flow_terms::{self, Audience, FlowTerms, ReadTerms};
use crate::privacy::message_conflicts;
use crate::privacy::message_row::{self, ReadMessageRow};
use crate::privacy::policy_text::{Complaints, Keys, PolicyTable, parse};
use crate::privacy::recipient::{self, ReadRecipient};
use crate::privacy::row_conflicts;
use crate::span::Span;

const FILE: Keys = Keys {
    table: "a policy file",
    accepted: &["recipient", "flow"],
    not_enforced: &[],
};

/// What a policy file says, as far as it can be read.
#[derive(Debug)]
pub(in crate::privacy) struct ReadPolicy {
    pub(in crate::privacy) recipient: Option<ReadRecipient>,
    pub(in crate::privacy) flows: Vec<ReadFlow>,
}

/// What a `[[flow]]` table says, as far as it can be read.
#[derive(Debug)]
pub(in crate::privacy) struct ReadFlow {
    pub(in crate::privacy) terms: ReadTerms,
    /// None when a row cannot be read, so that nothing can be proved of the flow.
    pub(in crate::privacy) rows: Option<ReadRows>,
}

/// The rows of a flow.
#[derive(Debug)]
pub(in crate::privacy) enum ReadRows {
    /// Elements, of a flow whose map makes records.
    Elements(Vec<ReadRow>),
    /// Places of messages, of a flow that sends them on.
    Places(Vec<ReadMessageRow>),
}

/// Reads a policy file.
pub(in crate::privacy) fn read(
    now: Timestamp,
    complaints: &mut Complaints<'_>,
) -> Option<ReadPolicy> {
    let file = complaints.file;
    let root = parse(file, complaints)?;
    let root = PolicyTable::new(&root, FILE, complaints);
    let recipient = recipient::read(&root, complaints);
    if let Some(recipient) = &recipient {
        check_file_name(recipient, complaints);
    }
    if !root.has("flow") {
        root.missing("flow", complaints);
    }
    let side = recipient.as_ref().map(|read| read.recipient.side);
    let tables = root.tables(flow_terms::KEYS, "flow", complaints);
    let flows = tables.iter().filter_map(|table| {
        let terms = flow_terms::read(table, side, now, complaints);
        let (all_read, rows) = read_rows(table, complaints);
        let terms = terms?;
        match &rows {
            ReadRows::Elements(rows) => {
                row_conflicts::check(rows, complaints);
                let classes = rows.iter().map(|read| (read.row.class, read.class));
                check_classes(&terms.terms, classes, complaints);
                check_audience(&terms.terms, rows, complaints);
            }
            ReadRows::Places(rows) => {
                message_conflicts::check(rows, complaints);
                let classes = rows.iter().map(|read| (read.row.class, read.class));
                check_classes(&terms.terms, classes, complaints);
                check_message_audience(&terms, complaints);
            }
        }
        let rows = all_read.then_some(rows);
        Some(ReadFlow { terms, rows })
    });
    let flows = flows.collect();
    Some(ReadPolicy { recipient, flows })
}

/// The rows that can be read, and whether these are all.
fn read_rows(flow: &PolicyTable<'_>, complaints: &mut Complaints<'_>) -> (bool, ReadRows) {
    if !flow.has("allow") {
        flow.missing("allow", complaints);
    }
    if flow_terms::is_of_messages(flow) {
        let tables = flow.tables(message_row::KEYS, "allow", complaints);
        let read = tables.iter();
        let rows = read.filter_map(|table| message_row::read(table, complaints));
        let rows: Vec<ReadMessageRow> = rows.collect();
        let are_all = rows.len() == tables.len() && !rows.is_empty();
        return (are_all, ReadRows::Places(rows));
    }
    let tables = flow.tables(allow_row::KEYS, "allow", complaints);
    let read = tables.iter();
    let rows = read.filter_map(|table| allow_row::read(table, complaints));
    let rows: Vec<ReadRow> = rows.collect();
    let are_all = rows.len() == tables.len() && !rows.is_empty();
    (are_all, ReadRows::Elements(rows))
}

fn check_file_name(recipient: &ReadRecipient, complaints: &mut Complaints<'_>) {
    let path = complaints.file.path();
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let expected = format!("{}.toml", recipient.id.value);
    if name != expected {
        let message = format!("the policy of `{}` stands in `{name}`", recipient.id.value);
        let help = format!("name the file {expected}, or mend the id");
        complaints.error_with_help(recipient.id.span, codes::FILE_NAME, message, help);
    }
}

fn check_classes(
    terms: &FlowTerms,
    classes: impl Iterator<Item = (DataClass, Span)>,
    complaints: &mut Complaints<'_>,
) {
    let consent = &terms.consent;
    let Some(covers) = consent
        .covers
        .as_ref()
        .filter(|_| consent.require == Requirement::OptIn)
    else {
        return;
    };
    for (class, span) in classes.filter(|(class, _)| !covers.contains(class)) {
        let covers: Vec<&str> = covers.iter().map(|class| class.code()).collect();
        let message = format!("the consent does not cover the class {}", class.code());
        let help = format!("`covers` of [flow.consent] has {}", covers.join(", "));
        complaints.error_with_help(span, codes::NOT_COVERED, message, help);
    }
}

/// Messages are about patients.
fn check_message_audience(terms: &ReadTerms, complaints: &mut Complaints<'_>) {
    if terms.terms.audience != Audience::Patient {
        let message = "a flow of messages is about patients";
        let help = "write `audience = \"patient\"`, or a flow of records";
        complaints.error_with_help(terms.id.span, codes::AUDIENCE, message, help);
    }
}

fn check_audience(terms: &FlowTerms, rows: &[ReadRow], complaints: &mut Complaints<'_>) {
    for read in rows {
        let head = read.row.path.head.as_ref();
        let Some(head) = head.filter(|head| !terms.audience.admits(&head.name)) else {
            continue;
        };
        let audience = terms.audience.code();
        let message = format!(
            "`{}` is not for a flow with the audience {audience}",
            head.name
        );
        let help = "write a flow of its own, with the other audience";
        let span = read
            .path
            .part(complaints.file, head.span.start, head.span.end);
        complaints.error_with_help(span, codes::AUDIENCE, message, help);
    }
}
