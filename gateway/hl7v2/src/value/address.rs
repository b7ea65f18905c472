//! XAD, a postal address. Electronic addresses are in `telecom`.

use crate::field::Subcomponent;
use crate::value::view::view;

view! {
    /// XAD (HL7 v2.5.1 chapter 2A, section 2.A.83).
    Address {
        /// XAD.1, the first line, an SAD.
        1 street
        /// XAD.2, the second line.
        2 other_designation
        /// XAD.3.
        3 city
        /// XAD.4, state or province.
        4 state
        /// XAD.5, the postal code.
        5 postal_code
        /// XAD.6 (table 0399).
        6 country
        /// XAD.7, of which kind it is (table 0190): `H` home, `B` business.
        7 type_code
        /// XAD.8, another region that it lies in.
        8 other_region
        /// XAD.9 (table 0289).
        9 county
        /// XAD.10 (table 0288).
        10 census_tract
        /// XAD.11, in which characters it is written (table 0465).
        11 representation
        /// XAD.12, when it was valid, a DR; up to version 2.5.
        12 validity_range
        /// XAD.13, from when on it is valid, a TS.
        13 effective_date
        /// XAD.14, until when, a TS.
        14 expiration_date
    }
}

impl<'m> Address<'m> {
    /// SAD.1, the first line as a whole.
    pub fn street_line(&self) -> Subcomponent<'m> {
        self.street().subcomponent(1)
    }

    /// SAD.2.
    pub fn street_name(&self) -> Subcomponent<'m> {
        self.street().subcomponent(2)
    }

    /// SAD.3, the number of the house.
    pub fn dwelling_number(&self) -> Subcomponent<'m> {
        self.street().subcomponent(3)
    }
}
