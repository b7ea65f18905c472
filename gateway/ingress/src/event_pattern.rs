//! `EventPattern`, a message type with one trigger event or all of them, as a configuration names
//! messages. What it is stated for is told in `sender`.

use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use thiserror::Error;

/// A message type with one trigger event or all of them (MSH-9, HL7 tables 0076 and 0003).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPattern {
    code: String,
    event: Option<String>,
}

/// A text that is no event pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a message type and event; write ADT^A01, or ADT^* for all events of the type")]
pub struct EventPatternError;

impl EventPattern {
    /// The message type.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The trigger event; none for all of them.
    pub fn event(&self) -> Option<&str> {
        self.event.as_deref()
    }

    /// Whether it stands for this message type and trigger event.
    pub fn admits(&self, code: &str, event: &str) -> bool {
        self.code == code && self.event.as_deref().is_none_or(|own| own == event)
    }
}

impl FromStr for EventPattern {
    type Err = EventPatternError;

    fn from_str(text: &str) -> Result<Self, EventPatternError> {
        let (code, event) = text.split_once('^').ok_or(EventPatternError)?;
        let name = |text: &str| {
            let usual = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
            text.len() == 3 && text.bytes().all(usual)
        };
        if !name(code) || !(event == "*" || name(event)) {
            return Err(EventPatternError);
        }
        let event = (event != "*").then(|| event.to_owned());
        Ok(Self {
            code: code.to_owned(),
            event,
        })
    }
}

impl<'de> Deserialize<'de> for EventPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_patterns_admit_what_they_say() {
        let pattern = |text: &str| text.parse::<EventPattern>().unwrap();
        assert!(pattern("ADT^A01").admits("ADT", "A01"));
        assert!(!pattern("ADT^A01").admits("ADT", "A08"));
        assert!(pattern("ORU^*").admits("ORU", "R01"));
        assert!(!pattern("ORU^*").admits("ADT", "R01"));
        for wrong in ["ADT", "*^*", "adt^A01", "ADT^A01^ADT_A01", "ADT^"] {
            assert_eq!(wrong.parse::<EventPattern>(), Err(EventPatternError));
        }
    }
}
