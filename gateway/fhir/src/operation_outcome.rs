//! Builds `OperationOutcome`, the resource in which FHIR tells what went wrong; which outcome a
//! sender gets is decided where the refusal is made.

use crate::element::{Element, Object};
use crate::resource::Resource;

/// How bad an issue is (<https://hl7.org/fhir/R4/valueset-issue-severity.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing could be done at all.
    Fatal,
    /// The request failed.
    Error,
    /// It was done, but something may be wrong.
    Warning,
    /// Nothing is wrong.
    Information,
}

impl Severity {
    /// All severities, worst first.
    pub const ALL: [Self; 4] = [Self::Fatal, Self::Error, Self::Warning, Self::Information];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

/// What kind of issue it is (<https://hl7.org/fhir/R4/valueset-issue-type.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueType {
    /// The content does not fit the specification or a profile.
    Invalid,
    /// The content is not well formed, such as JSON that cannot be read.
    Structure,
    /// An element that must be there is missing.
    Required,
    /// An element's value is not allowed.
    Value,
    /// A rule of the specification or a profile is broken.
    Invariant,
    /// The request is not authenticated or not allowed.
    Security,
    /// The client must authenticate first.
    Login,
    /// The user or system could not be authenticated.
    Unknown,
    /// The session or token is too old.
    Expired,
    /// The client may not do this.
    Forbidden,
    /// Some content was held back for privacy or security.
    Suppressed,
    /// The content could not be taken in, for a reason other than its form.
    Processing,
    /// The interaction, resource or element is not supported.
    NotSupported,
    /// Such a record is there already.
    Duplicate,
    /// More than one record fits where one is wanted.
    MultipleMatches,
    /// The thing referred to is not there.
    NotFound,
    /// The thing referred to was deleted.
    Deleted,
    /// The content is larger than allowed.
    TooLong,
    /// A code or code system is not known or does not fit.
    CodeInvalid,
    /// An extension is not known or not acceptable.
    Extension,
    /// The request would take too much.
    TooCostly,
    /// A rule of this gateway or its operator is broken.
    BusinessRule,
    /// The content is based on an older version.
    Conflict,
    /// The gateway cannot do it now; the same may be sent again.
    Transient,
    /// Something needed is locked.
    LockError,
    /// The store cannot be reached.
    NoStore,
    /// Something unexpected happened inside.
    Exception,
    /// It took too long.
    Timeout,
    /// Not all that was asked for could be given.
    Incomplete,
    /// The client sends too much too fast.
    Throttled,
    /// Nothing is wrong; the text only informs.
    Informational,
}

impl IssueType {
    /// All types, in the order of the value set.
    pub const ALL: [Self; 31] = [
        Self::Invalid,
        Self::Structure,
        Self::Required,
        Self::Value,
        Self::Invariant,
        Self::Security,
        Self::Login,
        Self::Unknown,
        Self::Expired,
        Self::Forbidden,
        Self::Suppressed,
        Self::Processing,
        Self::NotSupported,
        Self::Duplicate,
        Self::MultipleMatches,
        Self::NotFound,
        Self::Deleted,
        Self::TooLong,
        Self::CodeInvalid,
        Self::Extension,
        Self::TooCostly,
        Self::BusinessRule,
        Self::Conflict,
        Self::Transient,
        Self::LockError,
        Self::NoStore,
        Self::Exception,
        Self::Timeout,
        Self::Incomplete,
        Self::Throttled,
        Self::Informational,
    ];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Structure => "structure",
            Self::Required => "required",
            Self::Value => "value",
            Self::Invariant => "invariant",
            Self::Security => "security",
            Self::Login => "login",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Forbidden => "forbidden",
            Self::Suppressed => "suppressed",
            Self::Processing => "processing",
            Self::NotSupported => "not-supported",
            Self::Duplicate => "duplicate",
            Self::MultipleMatches => "multiple-matches",
            Self::NotFound => "not-found",
            Self::Deleted => "deleted",
            Self::TooLong => "too-long",
            Self::CodeInvalid => "code-invalid",
            Self::Extension => "extension",
            Self::TooCostly => "too-costly",
            Self::BusinessRule => "business-rule",
            Self::Conflict => "conflict",
            Self::Transient => "transient",
            Self::LockError => "lock-error",
            Self::NoStore => "no-store",
            Self::Exception => "exception",
            Self::Timeout => "timeout",
            Self::Incomplete => "incomplete",
            Self::Throttled => "throttled",
            Self::Informational => "informational",
        }
    }
}

/// One issue of an outcome (FHIR R4, 2.30, <https://hl7.org/fhir/R4/operationoutcome.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How bad.
    pub severity: Severity,
    /// What kind.
    pub code: IssueType,
    /// Where: an element path such as `Patient.name[0].family`, or an HL7 v2 place; no value.
    pub expression: Option<String>,
    /// What is wrong and how to mend it: fixed text, so that it cannot hold a patient's value.
    pub diagnostics: &'static str,
}

/// The resource that tells these issues, in this order; it needs at least one to be valid.
pub fn operation_outcome(issues: &[Issue]) -> Resource {
    let mut outcome = Resource::new("OperationOutcome");
    let issues: Vec<Element> = issues.iter().map(issue_element).collect();
    outcome.object_mut().insert("issue", issues);
    outcome
}

fn issue_element(issue: &Issue) -> Element {
    let mut element = Object::with_capacity(4)
        .with("severity", issue.severity.code())
        .with("code", issue.code.code())
        .with("diagnostics", issue.diagnostics);
    if let Some(expression) = &issue.expression {
        element.push("expression", vec![Element::from(expression.as_str())]);
    }
    Element::Object(element)
}
