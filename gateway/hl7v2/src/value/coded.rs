//! CWE, CE and CNE, a code with its text and its system. Tables of codes belong to the maps.

use crate::value::view::view;

view! {
    /// CWE, and CNE, and CE, which ends after component 6 (HL7 v2.5.1 chapter 2A, sections 2.A.13,
    /// 2.A.3 and 2.A.8).
    Coded {
        /// CWE.1, the code.
        1 code
        /// CWE.2, what the code means, in words.
        2 text
        /// CWE.3, the coding system (table 0396).
        3 system
        /// CWE.4, the same in another coding system.
        4 alternate_code
        /// CWE.5, its words.
        5 alternate_text
        /// CWE.6, the other coding system.
        6 alternate_system
        /// CWE.7, the version of the coding system.
        7 system_version
        /// CWE.8, the version of the other.
        8 alternate_system_version
        /// CWE.9, the words that were coded.
        9 original_text
    }
}
