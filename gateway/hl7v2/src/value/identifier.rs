//! CX, an identifier with the authority that assigned it. Which of several tells the patient is
//! decided in the gateway's core.

use crate::value::hierarchic_designator::HierarchicDesignator;
use crate::value::view::view;

view! {
    /// CX (HL7 v2.5.1 chapter 2A, section 2.A.14).
    Identifier {
        /// CX.1, the identifier itself.
        1 id
        /// CX.2, its check digit.
        2 check_digit
        /// CX.3, how the check digit is made (table 0061).
        3 check_digit_scheme
        /// CX.5, of which kind it is (table 0203), such as `MR`.
        5 type_code
        /// CX.7, from when on it is valid, a DT.
        7 effective_date
        /// CX.8, until when, a DT.
        8 expiration_date
        /// CX.9, the jurisdiction that assigned it, a CWE.
        9 assigning_jurisdiction
        /// CX.10, the agency that assigned it, a CWE.
        10 assigning_agency
    }
}

impl<'m> Identifier<'m> {
    /// CX.4, who assigned it.
    pub fn assigning_authority(&self) -> HierarchicDesignator<'m> {
        self.0.component(4).into()
    }

    /// CX.6, the facility where it was assigned.
    pub fn assigning_facility(&self) -> HierarchicDesignator<'m> {
        self.0.component(6).into()
    }
}
