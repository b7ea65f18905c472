//! Which codes an element may hold: the binding to a value set and the codes of it; checking whole
//! resources against them is not done here.

/// How far a binding obliges (FHIR R4, 4.1.5, <https://hl7.org/fhir/R4/terminologies.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindingStrength {
    /// The code shall be from the value set.
    Required,
    /// The code shall be from the value set if it has one that fits.
    Extensible,
    /// The value set is recommended.
    Preferred,
    /// The value set only illustrates.
    Example,
}

impl BindingStrength {
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        match text {
            "required" => Some(Self::Required),
            "extensible" => Some(Self::Extensible),
            "preferred" => Some(Self::Preferred),
            "example" => Some(Self::Example),
            _ => None,
        }
    }
}

/// The binding of a coded element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// How far it obliges.
    pub strength: BindingStrength,
    /// The canonical URL of the value set, without a version.
    pub value_set: &'static str,
}

/// One code of a value set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequiredCode {
    /// The code system's URL.
    pub system: &'static str,
    /// The code.
    pub code: &'static str,
    /// The words that the standard shows for it.
    pub display: &'static str,
}
