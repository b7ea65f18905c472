//! XTN, a telephone number or an electronic address. Bringing numbers into E.164 is the maps'
//! business.

use crate::value::view::view;

view! {
    /// XTN (HL7 v2.5.1 chapter 2A, section 2.A.89).
    Telecom {
        /// XTN.1, the number as text; up to version 2.6.
        1 text
        /// XTN.2, what it is used for (table 0201): `PRN` home, `WPN` work, `NET` mail.
        2 use_code
        /// XTN.3, of which kind it is (table 0202): `PH`, `CP`, `FX`, `Internet`.
        3 equipment_type
        /// XTN.4, a mail address, and other addresses that are no numbers.
        4 address
        /// XTN.5, the country code.
        5 country_code
        /// XTN.6.
        6 area_code
        /// XTN.7, the local number.
        7 local_number
        /// XTN.8.
        8 extension
        /// XTN.9, a remark.
        9 remark
        /// XTN.10, what is dialled before the extension.
        10 extension_prefix
        /// XTN.11.
        11 speed_dial_code
        /// XTN.12, the number without a form.
        12 unformatted
    }
}
