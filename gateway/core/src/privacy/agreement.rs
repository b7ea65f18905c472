//! `Agreement`, the contracts under which recipients receive identified data: the agreements file.
//! Which recipient names which agreement is in the policies.

use isthmus_fhir::spelling::nearest;

use crate::clock::Timestamp;
use crate::diagnostic::Diagnostic;
use crate::id::RecipientId;
use crate::privacy::closed_list::closed_list;
use crate::privacy::codes;
use crate::privacy::policy_text::{Complaints, Keys, PolicyTable, parse};
use crate::privacy::recipient::ReadRecipient;
use crate::privacy::suggestion::did_you_mean;
use crate::source_file::SourceFile;

closed_list! {
    /// What an agreement is.
    AgreementKind {
        /// A business associate agreement, 45 CFR 164.504(e).
        BusinessAssociate = "BAA",
        /// A data use agreement for a limited data set, 45 CFR 164.514(e).
        DataUse = "DUA",
    }
}

const FILE: Keys = Keys {
    table: "the agreements file",
    accepted: &["agreement"],
    not_enforced: &[],
};

const AGREEMENT: Keys = Keys {
    table: "[[agreement]]",
    accepted: &["id", "kind", "party", "expires"],
    not_enforced: &[],
};

/// A contract with a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Its id, as policies name it.
    pub id: String,
    /// What it is.
    pub kind: AgreementKind,
    /// With whom.
    pub party: RecipientId,
    /// The first instant at which nothing may leave under it: its `expires` day at 00:00 UTC.
    pub ends_at: Timestamp,
}

/// All agreements.
#[derive(Debug, Default)]
pub(in crate::privacy) struct Agreements {
    /// The file; None when there is none.
    file: Option<String>,
    list: Vec<Agreement>,
}

impl Agreements {
    /// When the recipient's agreement ends, or a complaint that there is none that counts.
    pub(in crate::privacy) fn ends_at(
        &self,
        read: &ReadRecipient,
        now: Timestamp,
        complaints: &mut Complaints<'_>,
    ) -> Option<Timestamp> {
        let (id, party) = (&read.agreement.value, &read.recipient.id);
        let file = self.file.as_deref();
        let file = file.unwrap_or("agreements.toml, which is missing");
        let known = self.list.iter().find(|agreement| agreement.id == *id);
        let (code, message, help) = match known {
            None => {
                let ids = self.list.iter().map(|agreement| agreement.id.as_str());
                let message = format!("there is no agreement `{id}` in {file}");
                (
                    codes::NO_AGREEMENT,
                    message,
                    did_you_mean(&nearest(id, ids)),
                )
            }
            Some(agreement) if agreement.party != *party => {
                let message = format!("the agreement `{id}` is with `{}`", agreement.party);
                let help = format!("name an agreement whose party is \"{party}\"");
                (codes::NO_AGREEMENT, message, Some(help))
            }
            Some(agreement) if agreement.kind == AgreementKind::DataUse => {
                let message = format!("the agreement `{id}` is a DUA, for a limited data set");
                let help = "identified data needs a BAA".to_owned();
                (codes::AGREEMENT_KIND, message, Some(help))
            }
            Some(agreement) if agreement.ends_at <= now => {
                let message = format!(
                    "the agreement `{id}` expired on {}",
                    agreement.ends_at.day()
                );
                let help = format!("renew it and set its new date in {file}");
                (codes::AGREEMENT_EXPIRED, message, Some(help))
            }
            Some(agreement) => return Some(agreement.ends_at),
        };
        let help = help.unwrap_or_else(|| "sign one, and add it to that file".to_owned());
        complaints.error_with_help(read.agreement.span, code, message, help);
        None
    }
}

/// The agreements by file order, and every complaint about the file.
pub(in crate::privacy) fn read(file: &SourceFile) -> (Agreements, Vec<Diagnostic>) {
    let mut complaints = Complaints::new(file);
    let mut agreements: Vec<Agreement> = Vec::new();
    if let Some(root) = parse(file, &mut complaints) {
        let root = PolicyTable::new(&root, FILE, &mut complaints);
        for table in root.tables(AGREEMENT, "agreement", &mut complaints) {
            if let Some(agreement) = read_one(&table, &agreements, &mut complaints) {
                agreements.push(agreement);
            }
        }
    }
    let agreements = Agreements {
        file: Some(file.path().to_owned()),
        list: agreements,
    };
    (agreements, complaints.list)
}

fn read_one(
    table: &PolicyTable<'_>,
    known: &[Agreement],
    complaints: &mut Complaints<'_>,
) -> Option<Agreement> {
    let id = table.required_text("id", complaints);
    let kind = table.required_listed::<AgreementKind>("kind", complaints);
    let party = table.required_text("party", complaints);
    let expires = table.required_day("expires", complaints);
    if let Some(id) = &id
        && known.iter().any(|agreement| agreement.id == id.value)
    {
        let message = format!("the agreement id `{}` is used twice", id.value);
        complaints.error(id.span, codes::DUPLICATE_ID, message);
    }
    Some(Agreement {
        id: id?.value,
        kind: kind?.value,
        party: RecipientId::new(&party?.value),
        ends_at: start_of(expires?.value),
    })
}

/// The instant at which a day begins in UTC.
pub(in crate::privacy) fn start_of(day: jiff::civil::Date) -> Timestamp {
    let days = day.duration_since(jiff::civil::Date::constant(1970, 1, 1));
    Timestamp::from_unix_millis(i64::try_from(days.as_millis()).unwrap_or(i64::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight() {
        let day = jiff::civil::Date::constant(2027, 6, 30);
        assert_eq!(start_of(day).to_string(), "2027-06-30T00:00:00.000Z");
    }
}
