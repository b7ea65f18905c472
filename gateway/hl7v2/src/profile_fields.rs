//! What the fields of one segment hold, against the rules of a profile: usage, repetitions, length,
//! codes and datatypes. Whether the segment itself may stand there is asked in `profile_check`.

use std::borrow::Cow;

use crate::checked_message::CheckedMessage;
use crate::delimiters::Delimiters;
use crate::field::{Component, Field, Presence, Repetition, Subcomponent};
use crate::location::Location;
use crate::message::Segment;
use crate::path::ComponentPath;
use crate::profile::{Codes, FieldRule, Usage};
use crate::profile_datatype::{WrongType, fits, looked_into, wrong_component, wrong_type};
use crate::profile_finding::{ProfileFault, ProfileReport};

const VARIES: &str = "varies";

/// Holds all fields of a segment against the rules for it.
pub(crate) fn check_fields(
    checked: &CheckedMessage<'_>,
    segment: Segment<'_>,
    report: &mut ProfileReport,
) {
    if checked.part.datatypes {
        check_datatypes(checked, segment, report);
    }
    for rule in checked.part.fields_of(segment.name()) {
        if checked.instances.has(segment.ordinal(), &rule.within) {
            FieldCheck {
                checked,
                segment,
                rule,
            }
            .run(report);
        }
    }
}

/// The fields of a segment that are not of the datatype that the version has for them.
fn check_datatypes(checked: &CheckedMessage<'_>, segment: Segment<'_>, report: &mut ProfileReport) {
    let Some(known) = checked.version.segment(segment.name().as_str()) else {
        return;
    };
    for (number, field) in segment.fields() {
        let Ok(number) = u16::try_from(number) else {
            return;
        };
        let datatype = known.field(number).and_then(|field| field.datatype);
        let Some(datatype) = datatype.and_then(|of| datatype_of(checked, segment, of)) else {
            continue;
        };
        for (index, repetition) in indexed(field) {
            if let Some(wrong) = wrong_type(checked.version, datatype, repetition) {
                let place = || checked.place(segment.ordinal()).field(number);
                add_wrong_type(wrong, || place().repetition(index), report);
            }
        }
    }
}

/// The datatype of a field; where it varies, the one that OBX-2 names.
fn datatype_of(
    checked: &CheckedMessage<'_>,
    segment: Segment<'_>,
    datatype: &'static str,
) -> Option<&'static str> {
    if datatype != VARIES {
        return Some(datatype);
    }
    let named = segment.field(2).value()?;
    let is_observation = segment.name().as_str() == "OBX";
    let composite = || checked.version.datatype(&named).map(|known| known.name);
    is_observation
        .then(|| looked_into(&named).or_else(composite))
        .flatten()
}

fn add_wrong_type(wrong: WrongType, place: impl FnOnce() -> Location, report: &mut ProfileReport) {
    let fault = ProfileFault::Datatype {
        datatype: wrong.datatype,
    };
    report.add(fault, || {
        let place = place();
        Location {
            component: wrong.component.or(place.component),
            subcomponent: wrong.subcomponent.or(place.subcomponent),
            ..place
        }
    });
}

/// One rule at one segment.
struct FieldCheck<'c> {
    checked: &'c CheckedMessage<'c>,
    segment: Segment<'c>,
    rule: &'c FieldRule,
}

impl FieldCheck<'_> {
    fn run(&self, report: &mut ProfileReport) {
        let field = self.segment.field(usize::from(self.rule.field));
        match self.rule.component {
            None => self.check_field(field, report),
            Some(path) => {
                for (index, repetition) in indexed(field) {
                    if self.is_valued(repetition.raw(), repetition.presence()) {
                        self.check_component(index, repetition, path, report);
                    }
                }
            }
        }
    }

    fn place(&self) -> Location {
        let segment = self.checked.place(self.segment.ordinal());
        segment.field(self.rule.field)
    }

    /// Whether something is said there: more than delimiters, and more than `""`.
    fn is_valued(&self, raw: &str, presence: Presence) -> bool {
        presence == Presence::Value && (self.is_literal() || has_content(raw, self.delimiters()))
    }

    fn is_literal(&self) -> bool {
        self.segment
            .field(usize::from(self.rule.field))
            .is_literal()
    }

    fn delimiters(&self) -> Delimiters {
        self.segment.delimiters()
    }

    fn check_field(&self, field: Field<'_>, report: &mut ProfileReport) {
        let mut valued: usize = 0;
        let mut sent: usize = 0;
        let cardinality = self.rule.cardinality;
        for (index, repetition) in indexed(field) {
            let is_valued = self.is_valued(repetition.raw(), repetition.presence());
            let is_sent = is_valued || repetition.presence() == Presence::Null;
            valued = valued.saturating_add(usize::from(is_valued));
            sent = sent.saturating_add(usize::from(is_sent));
            let place = || self.place().repetition(index);
            if is_sent && self.rule.usage == Usage::NotSupported {
                report.add(ProfileFault::NotSupported, place);
                return;
            }
            if let Some(max) = cardinality.max
                && is_sent
                && sent == usize::from(max).saturating_add(1)
            {
                report.add(ProfileFault::TooManyRepetitions { max }, place);
            }
            if is_valued {
                let text = || repetition.value();
                let first = repetition.component(1).subcomponent(1);
                self.check_text(text, first, place, report);
                let datatype = self.rule.datatype;
                let wrong =
                    datatype.and_then(|of| wrong_type(self.checked.version, of, repetition));
                if let Some(wrong) = wrong {
                    add_wrong_type(wrong, place, report);
                }
            }
        }
        if valued == 0 && self.rule.usage == Usage::Required {
            report.add(ProfileFault::NoValue, || self.place());
        } else if sent > 0 && sent < usize::from(cardinality.min) {
            let min = cardinality.min;
            report.add(ProfileFault::TooFewRepetitions { min }, || self.place());
        }
    }

    fn check_component(
        &self,
        index: u16,
        repetition: Repetition<'_>,
        path: ComponentPath,
        report: &mut ProfileReport,
    ) {
        let component = repetition.component(usize::from(path.component));
        let place = || self.place().repetition(index).component(path.component);
        let version = self.checked.version;
        let Some(number) = path.subcomponent else {
            let (raw, presence) = (component.raw(), component.presence());
            if self.check_usage(raw, presence, place, report) {
                let text = || component.value();
                self.check_text(text, component.subcomponent(1), place, report);
                let wrong = self.rule.datatype;
                let wrong = wrong.and_then(|of| wrong_component(version, of, component));
                if let Some(wrong) = wrong {
                    add_wrong_type(wrong, place, report);
                }
            }
            return;
        };
        if self.is_valued(component.raw(), component.presence()) {
            self.check_subcomponent(component, number, place, report);
        }
    }

    fn check_subcomponent(
        &self,
        component: Component<'_>,
        number: u16,
        component_place: impl Fn() -> Location,
        report: &mut ProfileReport,
    ) {
        let subcomponent = component.subcomponent(usize::from(number));
        let place = || component_place().subcomponent(number);
        let (raw, presence) = (subcomponent.raw(), subcomponent.presence());
        if !self.check_usage(raw, presence, place, report) {
            return;
        }
        self.check_text(|| subcomponent.value(), subcomponent, place, report);
        if let Some(datatype) = self.rule.datatype
            && !fits(datatype, subcomponent.value())
        {
            report.add(ProfileFault::Datatype { datatype }, place);
        }
    }

    /// Whether there is a value that may be there.
    fn check_usage(
        &self,
        raw: &str,
        presence: Presence,
        place: impl FnOnce() -> Location,
        report: &mut ProfileReport,
    ) -> bool {
        let is_valued = self.is_valued(raw, presence);
        match self.rule.usage {
            Usage::Required if !is_valued => report.add(ProfileFault::NoValue, place),
            Usage::NotSupported if is_valued || presence == Presence::Null => {
                report.add(ProfileFault::NotSupported, place);
                return false;
            }
            Usage::Required | Usage::Optional | Usage::NotSupported => {}
        }
        is_valued
    }

    /// Length and codes of a value; `first` is what a code stands in.
    fn check_text<'m>(
        &self,
        text: impl Fn() -> Option<Cow<'m, str>>,
        first: Subcomponent<'m>,
        place: impl Fn() -> Location,
        report: &mut ProfileReport,
    ) {
        let (length, kept) = (self.rule.length, self.rule.conformance_length);
        if length.is_some() || kept.is_some() {
            let characters = text().map_or(0, |text| text.chars().count());
            let is_longer = |bound: &u32| characters > *bound as usize;
            if let Some(max) = length.filter(is_longer) {
                report.add(ProfileFault::TooLong { max }, &place);
            } else if let Some(kept) = kept.filter(is_longer) {
                report.add(ProfileFault::MayBeCut { kept }, &place);
            }
        }
        let Some(codes) = &self.rule.codes else {
            return;
        };
        let code = if self.is_literal() {
            text()
        } else {
            first.value()
        };
        if code.is_some_and(|code| !codes.admit(&code)) {
            let fault = match codes {
                Codes::Table(table) => ProfileFault::NotInTable {
                    table: table.number,
                },
                Codes::Listed(_) => ProfileFault::NotListed,
                Codes::Constant(_) => ProfileFault::NotTheConstant,
            };
            report.add(fault, &place);
        }
    }
}

/// The repetitions of a field with their places; those beyond `u16::MAX` share the last.
fn indexed(field: Field<'_>) -> impl Iterator<Item = (u16, Repetition<'_>)> {
    let places = (0_u16..u16::MAX).chain(std::iter::repeat(u16::MAX));
    places.zip(field.repetitions())
}

/// Whether there is more than delimiters.
fn has_content(raw: &str, delimiters: Delimiters) -> bool {
    let own = [
        delimiters.component,
        delimiters.repetition,
        delimiters.subcomponent,
    ];
    raw.bytes().any(|byte| !own.contains(&byte))
}
