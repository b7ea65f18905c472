//! XPN, a person's name. Names of organizations and of staff (XON, XCN) are not read here.

use crate::field::Subcomponent;
use crate::value::view::view;

view! {
    /// XPN (HL7 v2.5.1 chapter 2A, section 2.A.88).
    PersonName {
        /// XPN.1, the family name, an FN.
        1 family
        /// XPN.2.
        2 given
        /// XPN.3, second and further given names or their initials.
        3 further_given
        /// XPN.4, such as `JR`.
        4 suffix
        /// XPN.5, such as `DR`.
        5 prefix
        /// XPN.6, such as `MD`; up to version 2.6.
        6 degree
        /// XPN.7, of which kind it is (table 0200): `L` legal, `A` alias, `M` maiden.
        7 type_code
        /// XPN.8, in which characters it is written (table 0465): `A` letters, `I` ideographs.
        8 representation
        /// XPN.10, when it was valid, a DR; up to version 2.5.
        10 validity_range
        /// XPN.11, in which order it is spoken (table 0444).
        11 assembly_order
        /// XPN.12, from when on it is valid, a TS.
        12 effective_date
        /// XPN.13, until when, a TS.
        13 expiration_date
        /// XPN.14.
        14 professional_suffix
    }
}

impl<'m> PersonName<'m> {
    /// FN.1, the family name as a whole.
    pub fn surname(&self) -> Subcomponent<'m> {
        self.family().subcomponent(1)
    }

    /// FN.2, the prefix of the person's own surname, such as `van`.
    pub fn own_surname_prefix(&self) -> Subcomponent<'m> {
        self.family().subcomponent(2)
    }

    /// FN.3, the person's own surname.
    pub fn own_surname(&self) -> Subcomponent<'m> {
        self.family().subcomponent(3)
    }

    /// FN.4, the prefix of the partner's surname.
    pub fn partner_surname_prefix(&self) -> Subcomponent<'m> {
        self.family().subcomponent(4)
    }

    /// FN.5, the partner's surname.
    pub fn partner_surname(&self) -> Subcomponent<'m> {
        self.family().subcomponent(5)
    }
}
