//! The stable codes of everything that a profile or a case can be refused for, each with its
//! explanation; the complaints themselves are raised where they arise.

use isthmus_core::diagnostic::{Code, Explanation};

macro_rules! codes {
    ($($name:ident $text:literal $title:literal $paragraph:literal)*) => {
        $(
            #[doc = $title]
            pub const $name: Code = Code::new($text);
        )*
        /// Every code, in order.
        pub const ALL: &[Explanation] = &[
            $(Explanation { code: $name, title: $title, text: $paragraph },)*
        ];
    };
}

codes! {
    NOT_TOML "V001" "the profile is not TOML"
        "The file cannot be read as TOML 1.1 (https://toml.io), or is larger than a profile is. \
         Nothing in it is used until it can."
    UNKNOWN_KEY "V002" "a key that profiles do not have"
        "A key that is not known is never ignored, for it may be a misspelt demand. Remove it or \
         spell it as the help says."
    MISSING_KEY "V003" "a key that must be there"
        "The table lacks a key without which it asks nothing. Add it."
    VALUE_FORM "V004" "a value of the wrong form"
        "The value is of another kind than the key takes, is empty, or is not written as the key \
         needs it. The message says which form it must have."
    NOT_THERE "V005" "something that the standard does not have"
        "A version, event, structure, group, segment, field, component, table or datatype is not \
         in the dictionary of the profile's `version`, or a segment has no place in the structure \
         of the events. A rule that can never be asked would look like a check and be none. The \
         help names the nearest that is there."
    CONTRADICTION "V006" "rules that contradict each other"
        "No message could do what is asked, or one place is ruled twice: a least number above the \
         greatest, a code longer than the longest value, an element that is required and may not \
         stand. Keep one of the two."
    EXPECTATION "V010" "a line that no expectation of a case has"
        "The expectation of a conformance case says line by line what must come of its bytes. A \
         line that cannot be read is never passed over, for it may be the one that the case is \
         about. conformance/README.md has the form."
}
