//! What a flow asks of a patient's consents and whether they give it; keeping consents is the
//! store's business, and reading them from Consent resources is not done here.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::consent_store::{ConsentChoice, ConsentView};
use crate::id::SubjectKey;
use crate::privacy::basis::Basis;
use crate::privacy::closed_list::closed_list;
use crate::privacy::codes;
use crate::privacy::data_class::DataClass;
use crate::privacy::policy_text::{Complaints, Keys, PolicyTable, Word, listed};
use crate::privacy::release;
use crate::span::Span;

closed_list! {
    /// What the patient must have said.
    Requirement {
        /// Nothing: the basis is not a consent.
        None = "none",
        /// Yes, to every category; silence and a no withhold.
        OptIn = "opt-in",
    }
    not enforced "no-objection"
}

closed_list! {
    /// What follows when nothing is known.
    OnUnknown {
        /// Nothing leaves.
        Withhold = "withhold",
    }
}

/// The keys of `[flow.consent]`.
pub(in crate::privacy) const KEYS: Keys = Keys {
    table: "[flow.consent]",
    accepted: &[
        "require",
        "category",
        "covers",
        "max_age_s",
        "on_unknown",
        "tells",
    ],
    not_enforced: &["channel"],
};

/// What a flow asks of a patient's consents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRule {
    /// What the patient must have said.
    pub require: Requirement,
    /// The categories of which with `opt-in` each must be allowed.
    pub categories: Vec<String>,
    /// Further categories of which the map may tell what the patient said; nothing hangs on them.
    pub tells: Vec<String>,
    /// The classes of data that the consent describes; None when no consent is required.
    pub covers: Option<Vec<DataClass>>,
    /// How old the consents that it is decided upon may be; None: any age that the store has.
    pub max_age: Option<Duration>,
}

/// Reads `[flow.consent]`; `basis` is the flow's when it is known.
pub(in crate::privacy) fn read(
    table: &PolicyTable<'_>,
    basis: Option<Basis>,
    complaints: &mut Complaints<'_>,
) -> Option<ConsentRule> {
    let require = table.required_listed::<Requirement>("require", complaints);
    let categories = table.texts("category", complaints);
    let tells = table.texts("tells", complaints);
    let covers = table.texts("covers", complaints);
    let covers = covers.map(|words| {
        let classes = words.iter();
        let classes = classes.filter_map(|word| listed(word, "covers", complaints));
        classes.map(|class| class.value).collect::<Vec<DataClass>>()
    });
    let max_age = table.count("max_age_s", complaints);
    let unknown = table.listed::<OnUnknown>("on_unknown", complaints);
    let require = require?;
    if require.value == Requirement::OptIn {
        let missing = [
            ("category", categories.is_none() && !table.has("category")),
            ("covers", covers.is_none() && !table.has("covers")),
            ("on_unknown", unknown.is_none() && !table.has("on_unknown")),
        ];
        for (key, _) in missing.iter().filter(|(_, missing)| *missing) {
            table.missing(key, complaints);
        }
    }
    if let Some(basis) = basis {
        check_basis(require.value, basis, require.span, complaints);
    }
    let named = |words: Option<Vec<Word>>| {
        let words = words.into_iter().flatten();
        words.map(|word| word.value).collect()
    };
    Some(ConsentRule {
        require: require.value,
        categories: named(categories),
        tells: named(tells),
        covers: covers.filter(|_| require.value == Requirement::OptIn),
        max_age: max_age.map(|seconds| Duration::from_secs(seconds.into())),
    })
}

fn check_basis(require: Requirement, basis: Basis, at: Span, complaints: &mut Complaints<'_>) {
    if require == Requirement::None && basis.is_consent() {
        let message = format!("the basis {} is the patient's consent", basis.code());
        let help = "write `require = \"opt-in\"`";
        complaints.error_with_help(at, codes::CONSENT_NEEDED, message, help);
    }
}

/// What the consents say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::privacy) enum ConsentAnswer {
    /// They allow it. The version is the sum of the versions of every category that the flow
    /// requires or tells, each of which only rises, so that it stays the same exactly as long as
    /// the patient says nothing new; None when there is no such category.
    Allowed(Option<u64>),
    /// A no, or silence.
    Withheld,
    /// They are not known, for this reason code.
    Unavailable(&'static str),
}

impl ConsentRule {
    /// Whether what was known at `as_of` says too little of `now`; so does what is known of a
    /// later time, for then one of the clocks is wrong.
    fn is_too_old(&self, as_of: Timestamp, now: Timestamp) -> bool {
        let age = now.unix_millis().abs_diff(as_of.unix_millis());
        self.max_age
            .is_some_and(|max| u128::from(age) > max.as_millis())
    }

    /// The categories whose words what leaves depends on: those that must say yes, and those that
    /// the record tells.
    pub fn depends_on(&self) -> impl Iterator<Item = &String> {
        self.categories.iter().chain(&self.tells)
    }

    /// Asks about every category.
    pub(in crate::privacy) fn ask(
        &self,
        subject: &SubjectKey,
        consents: &dyn ConsentView,
        now: Timestamp,
    ) -> ConsentAnswer {
        let required: &[String] = match self.require {
            // Nothing is asked, so nothing has to be known.
            Requirement::None if self.tells.is_empty() => return ConsentAnswer::Allowed(None),
            Requirement::None => &[],
            Requirement::OptIn if self.categories.is_empty() => return ConsentAnswer::Withheld,
            Requirement::OptIn => &self.categories,
        };
        if self.is_too_old(consents.as_of(now), now) {
            return ConsentAnswer::Unavailable(release::CONSENT_UNAVAILABLE);
        }
        let mut version: u64 = 0;
        let required = required.iter().map(|category| (category, true));
        let told = self.tells.iter().map(|category| (category, false));
        for (category, must_agree) in required.chain(told) {
            let consent = match consents.consent(subject, category) {
                Ok(consent) => consent,
                Err(error) => return ConsentAnswer::Unavailable(release::unknown(&error)),
            };
            let agrees = consent.is_some_and(|consent| consent.choice == ConsentChoice::OptIn);
            if must_agree && !agrees {
                return ConsentAnswer::Withheld;
            }
            let word = consent.map_or(0, |consent| consent.version);
            version = version.saturating_add(word);
        }
        ConsentAnswer::Allowed(Some(version))
    }
}
