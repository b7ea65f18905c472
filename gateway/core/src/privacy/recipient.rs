//! `Recipient`, who receives: the `[recipient]` table of a policy file. What it may receive is in
//! its flows.

use crate::diagnostic::Code;
use crate::id::RecipientId;
use crate::privacy::closed_list::closed_list;
use crate::privacy::codes;
use crate::privacy::policy_text::{Complaints, Keys, Placed, PolicyTable, Word};

closed_list! {
    /// What a recipient is.
    RecipientKind {
        /// Treats the patient.
        Treatment = "treatment",
        /// Pays for the treatment.
        Payer = "payer",
        /// Keeps relations with people.
        Crm = "crm",
        /// Sends advertising and news.
        MarketingPlatform = "marketing-platform",
        /// Counts.
        Analytics = "analytics",
        /// Answers medical questions for a manufacturer.
        MedicalAffairs = "medical-affairs",
        /// Collects adverse events.
        Safety = "safety",
        /// Studies.
        Research = "research",
    }
}

closed_list! {
    /// On which side of the wall between selling, medicine and care a recipient stands.
    Side {
        /// Sells.
        Commercial = "commercial",
        /// Medical affairs and safety, apart from selling.
        Medical = "medical",
        /// Cares for the patient.
        Care = "care",
    }
}

impl RecipientKind {
    /// The side that the kind fixes; None when it may stand on any.
    const fn side(self) -> Option<Side> {
        match self {
            Self::MarketingPlatform => Some(Side::Commercial),
            Self::MedicalAffairs | Self::Safety => Some(Side::Medical),
            Self::Treatment | Self::Payer => Some(Side::Care),
            Self::Crm | Self::Analytics | Self::Research => None,
        }
    }
}

const KEYS: Keys = Keys {
    table: "[recipient]",
    accepted: &[
        "id",
        "name",
        "address",
        "kind",
        "side",
        "agreement",
        "regions",
        "seal",
    ],
    not_enforced: &[],
};

/// Who receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Its id, which is also the name of its policy file.
    pub id: RecipientId,
    /// Its name, for the accounting of disclosures.
    pub name: String,
    /// Its address, for the accounting of disclosures (45 CFR 164.528(b)(2)(ii)).
    pub address: String,
    /// What it is.
    pub kind: RecipientKind,
    /// On which side of the wall it stands.
    pub side: Side,
    /// The id of the agreement under which it receives.
    pub agreement: String,
    /// Where it keeps what it receives, ISO 3166-1 alpha-2; for the report.
    pub regions: Vec<String>,
    /// Whether records may leave for it only sealed, so that nobody on the way can read them.
    pub seal: bool,
}

/// A recipient with the places that later complaints point at.
#[derive(Debug)]
pub(in crate::privacy) struct ReadRecipient {
    pub(in crate::privacy) recipient: Recipient,
    pub(in crate::privacy) id: Word,
    pub(in crate::privacy) agreement: Word,
}

/// Reads the `[recipient]` table.
pub(in crate::privacy) fn read(
    file: &PolicyTable<'_>,
    complaints: &mut Complaints<'_>,
) -> Option<ReadRecipient> {
    let Some(table) = file.table(KEYS, "recipient", complaints) else {
        if !file.has("recipient") {
            file.missing("recipient", complaints);
        }
        return None;
    };
    let id = table.required_id(complaints);
    let name = table.required_text("name", complaints);
    let address = table.required_text("address", complaints);
    let kind = table.required_listed::<RecipientKind>("kind", complaints);
    let side = table.required_listed::<Side>("side", complaints);
    let agreement = required_agreement(&table, complaints);
    let regions = regions(&table, complaints);
    let seal = table.flag("seal", complaints);
    check_side(kind.as_ref(), side.as_ref(), complaints);
    let (id, agreement) = (id?, agreement?);
    let recipient = Recipient {
        id: RecipientId::new(&id.value),
        name: name?.value,
        address: address?.value,
        kind: kind?.value,
        side: side?.value,
        agreement: agreement.value.clone(),
        regions,
        seal,
    };
    Some(ReadRecipient {
        recipient,
        id,
        agreement,
    })
}

fn required_agreement(table: &PolicyTable<'_>, complaints: &mut Complaints<'_>) -> Option<Word> {
    if !table.has("agreement") {
        let code: Code = codes::NO_AGREEMENT;
        let message = "identified data needs an agreement with the recipient";
        let help = "add `agreement = \"...\"`, an id of agreements.toml";
        complaints.error_with_help(table.span, code, message, help);
    }
    table.text("agreement", complaints)
}

fn regions(table: &PolicyTable<'_>, complaints: &mut Complaints<'_>) -> Vec<String> {
    let regions = table.texts("regions", complaints).unwrap_or_default();
    for region in &regions {
        let fits = region.value.len() == 2 && region.value.bytes().all(|b| b.is_ascii_uppercase());
        if !fits {
            let message = "a region is a country code of two capital letters, such as \"US\"";
            complaints.error(region.span, codes::VALUE_FORM, message);
        }
    }
    regions.into_iter().map(|region| region.value).collect()
}

fn check_side(
    kind: Option<&Placed<RecipientKind>>,
    side: Option<&Placed<Side>>,
    complaints: &mut Complaints<'_>,
) {
    let (Some(kind), Some(side)) = (kind, side) else {
        return;
    };
    if let Some(fixed) = kind.value.side()
        && fixed != side.value
    {
        let (kind, given) = (kind.value.code(), side.value.code());
        let message = format!("a recipient of kind {kind} cannot stand on the {given} side");
        let help = format!("write `side = \"{}\"`", fixed.code());
        complaints.error_with_help(side.span, codes::WALL, message, help);
    }
}
