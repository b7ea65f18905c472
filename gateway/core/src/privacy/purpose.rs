//! Purposes of use, the codes of HL7 v3 `PurposeOfUse`, and which lies below which; which basis
//! allows which purpose is said in `basis`.
//!
//! Source: HL7 terminology, code system v3-ActReason 4.0.0, the concepts below `PurposeOfUse`
//! (<https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html>).

/// Every purpose with the one above it, by code.
const PURPOSES: &[(&str, &str)] = &[
    ("BIORCH", "HRESCH"),
    ("BTG", "ETREAT"),
    ("CAREMGT", "HOPERAT"),
    ("CLINTRCH", "HRESCH"),
    ("CLINTRCHNPC", "CLINTRCH"),
    ("CLINTRCHPC", "CLINTRCH"),
    ("CLINTRL", "TREAT"),
    ("CLMATTCH", "HPAYMT"),
    ("COC", "TREAT"),
    ("COVAUTH", "HPAYMT"),
    ("COVERAGE", "HPAYMT"),
    ("DISASTER", "PUBHLTH"),
    ("DONAT", "HOPERAT"),
    ("DSRCH", "HRESCH"),
    ("ELIGDTRM", "COVERAGE"),
    ("ELIGVER", "COVERAGE"),
    ("ENROLLM", "COVERAGE"),
    ("ERTREAT", "ETREAT"),
    ("ETREAT", "TREAT"),
    ("FAMRQT", "PATRQT"),
    ("FRAUD", "HOPERAT"),
    ("GOV", "HOPERAT"),
    ("HACCRED", "HOPERAT"),
    ("HCOMPL", "HOPERAT"),
    ("HDECD", "HOPERAT"),
    ("HDIRECT", "HOPERAT"),
    ("HDM", "HOPERAT"),
    ("HLEGAL", "HOPERAT"),
    ("HMARKT", "PurposeOfUse"),
    ("HOPERAT", "PurposeOfUse"),
    ("HOUTCOMS", "HOPERAT"),
    ("HPAYMT", "PurposeOfUse"),
    ("HPRGRP", "HOPERAT"),
    ("HQUALIMP", "HOPERAT"),
    ("HRESCH", "PurposeOfUse"),
    ("HSYSADMIN", "HOPERAT"),
    ("HTEST", "SYSDEV"),
    ("LABELING", "HSYSADMIN"),
    ("MEMADMIN", "HOPERAT"),
    ("METAMGT", "HSYSADMIN"),
    ("MILCDM", "HOPERAT"),
    ("MILDCRG", "COVERAGE"),
    ("MLTRAINING", "HOPERAT"),
    ("PATADMIN", "HOPERAT"),
    ("PATRQT", "PurposeOfUse"),
    ("PATSFTY", "HOPERAT"),
    ("PERFMSR", "HOPERAT"),
    ("PMTDS", "HPAYMT"),
    ("POARCH", "HRESCH"),
    ("POPHLTH", "TREAT"),
    ("PRECLINTRCH", "CLINTRCH"),
    ("PUBHLTH", "PurposeOfUse"),
    ("PWATRNY", "PATRQT"),
    ("RECORDMGT", "HOPERAT"),
    ("REMITADV", "HPAYMT"),
    ("SUPNWK", "PATRQT"),
    ("SYSDEV", "HOPERAT"),
    ("THREAT", "PUBHLTH"),
    ("TRAIN", "HOPERAT"),
    ("TRANSRCH", "HRESCH"),
    ("TREAT", "PurposeOfUse"),
    ("TREATDS", "TREAT"),
];

/// Levels of the hierarchy, at most.
const LEVELS_MAX: usize = 8;

/// A purpose of use that a flow may state: a code of the hierarchy, not its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Purpose(&'static str);

impl Purpose {
    /// Healthcare marketing.
    pub const MARKETING: Self = Self("HMARKT");

    /// The purpose with this code; exact, as codes are case-sensitive.
    pub fn of(code: &str) -> Option<Self> {
        PURPOSES
            .iter()
            .find(|(known, _)| *known == code)
            .map(|(known, _)| Self(known))
    }

    /// Every code, sorted.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        PURPOSES.iter().map(|(code, _)| *code)
    }

    /// The code.
    pub const fn code(self) -> &'static str {
        self.0
    }

    /// Whether this is the purpose with that code or lies below it.
    pub fn is_a(self, code: &str) -> bool {
        let above = |purpose: &&'static str| {
            let row = PURPOSES.iter().find(|(known, _)| known == purpose);
            row.map(|(_, parent)| *parent)
        };
        std::iter::successors(Some(self.0), above)
            .take(LEVELS_MAX)
            .any(|known| known == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_lie_below_their_parents() {
        let preclinical = Purpose::of("PRECLINTRCH").unwrap();
        assert!(preclinical.is_a("HRESCH"));
        assert!(!preclinical.is_a("TREAT"));
        assert!(Purpose::of("PurposeOfUse").is_none());
        assert!(PURPOSES.is_sorted());
    }
}
