//! The stable codes of everything the row language can complain about, each with its explanation.
//! The complaints themselves are raised where they arise.

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
    CHARACTER "M101" "a character that the language does not know"
        "A character stands where no word, text or sign may start. Tabs count here: the language \
         is indented with two spaces a level."
    UNTERMINATED "M102" "a text or bracket without an end"
        "A quoted text needs its closing \" and a path selector its closing ] on the same line."
    INDENTATION "M103" "indentation that fits no level"
        "Two spaces are one level, and a line may be one level deeper than the block it belongs \
         to, never more."
    EXPECTED "M104" "something else was expected here"
        "The line starts well but goes on in a way that the grammar does not have. The message \
         says what may stand here."
    STATEMENT "M105" "a line that is no statement"
        "A line is a header line, a block, a row (`target <- source`), `choose`, `case`, `else`, \
         `warn` or `reject`."
    VERSION_LIMIT "M106" "a form that this version does not accept"
        "The form belongs to the language but not to this version of it. The message says what is \
         accepted instead."
    MISPLACED "M107" "a block or line in the wrong place"
        "`resource` and `record` stand at the top or in `each`; rows stand in a resource, record, \
         type or part; `case` and `else` stand in `choose`."
    HEADER "M108" "a header line is missing or stands twice"
        "A file starts with `map NAME VERSION`; a map has one `from` and one `to`; `key` and \
         `on-null` stand at most once."
    LIMIT "M109" "the file is larger or deeper than the language allows"
        "Files, lines, nesting and rows are bounded so that a map can always be read by a person \
         and checked in bounded time. Split the map."
    ELSE "M110" "a choose without an else"
        "`choose` must say what happens to every other value: rows, `reject \"why\"` or `skip`."
    PATH "M201" "a path that cannot be read"
        "The path breaks the path grammar: `SEG-field[repetition].component.subcomponent` for HL7 \
         v2, dotted element names with selectors for FHIR, dotted names for records."
    FIELD "M202" "no such segment, field or component"
        "No version of HL7 v2 from 2.1 to 2.8.2 has this field. Fields count from 1 as in the \
         standard."
    ELEMENT "M203" "no such FHIR element"
        "FHIR R4 has no such element at this place, or the choice element does not say its type."
    TYPE "M204" "the value does not fit the element"
        "A row gives one kind of value and the element holds another; put the function between \
         them that makes the one from the other, such as `| date` or `: CX`."
    BINDING "M205" "a code outside the required value set"
        "The element has a required binding in FHIR R4 and this literal or table target is not \
         one of its codes."
    TABLE "M206" "no such table"
        "The row names a table that no `table` header line declares."
    FUNCTION "M207" "no such function"
        "The function is not one of the language's. Functions take values and give values; there \
         are no others."
    ARGUMENTS "M208" "arguments that the function does not take"
        "The function takes another number or another kind of arguments."
    REFERENCE "M209" "no such block or alias"
        "`ref(x)` and `refs(x)` name a resource block by its `as` name; a FHIR path starts with \
         an alias of the `from` line."
    DUPLICATE "M210" "two rows for one element"
        "Both rows would write the same element and there is no last-one-wins. Join the sources \
         with `//`, or put the rows in different cases of one `choose`, or give one the condition \
         `c` and the other `not c`."
    CAST "M211" "no such type map"
        "The row asks for a `type X to Y` that neither this file nor a used library has."
    CONSTANT "M212" "no such constant"
        "`$name` needs a `const name = \"...\"` header line."
    FIRST_OF_MANY "M213" "only the first of several values is taken"
        "The source repeats and the target holds one value. Write `[0]` on the source to say that \
         the first is meant, or `[]` on the target to take all."
    REQUIRED_ELEMENT "M214" "a required element is never written"
        "FHIR R4 demands this element of the resource and no row of the block writes it."
    INDEX_ORDER "M215" "indexed rows out of order"
        "Rows for `x[0]` stand before rows for `x[1]`, so that the array can be closed up when \
         the first is missing."
    NO_ID "M216" "a referenced block without a stable id"
        "`ref(x)` needs an `id` row in block x that is made from the message, for example with \
         `| uuid5(\"...\")`."
    GROUP "M217" "no such segment group"
        "No structure of the map's events has a group of this name."
    Z_SEGMENT "M218" "a segment that HL7 does not define"
        "Z segments belong to one sender and need a definition in the header of the map, or of a \
         library that it uses: `define segment ZPI after PID`, and below it a line for each field, \
         such as `  2 CWE \"Preferred pharmacy\"`."
    SELECTOR "M219" "a selector that does not fit"
        "`[]` and `[1..]` append to a repeating element, `[0]` names one of several, `[k=v]` finds \
         one by its value; an element that does not repeat takes none."
    KEY "M220" "the key is not a path of the record"
        "`key` names one of the record's target paths, and that row is `required`."
    NAMED_KEY "M221" "no such key"
        "`hmac(\"name\")` needs a key of that name in the gateway's configuration."
    PROPERTY "M222" "no such property of the record"
        "The schema of this kind of record, `records/KIND.schema.json`, does not have the property \
         that the row writes, so no recipient would know it. Mend the name, or add the property \
         to the schema first."
    NO_SCHEMA "M223" "a kind of record without a schema"
        "The folder `records` has no `KIND.schema.json` for the record of this map: its properties \
         cannot be checked, and its recipients have nothing to build on."
    DEFINITION "M224" "a segment definition that cannot be followed"
        "`define segment ZPI after PID` names a segment that begins with Z, the segments it may \
         stand after or the groups it may stand in, and below it each field once: number, datatype \
         of the standard, name in quotes, and `repeats` where it may come several times."
    SENDER "M225" "no such sender"
        "`from hl7v2 ... sender \"ID\"` names a sender of the gateway's configuration, so that the \
         map is for its messages alone."
    UNREAD_FILE "M320" "a file that cannot be read"
        "The file is missing, unreadable, not UTF-8 or larger than a map file may be."
    NAME_TWICE "M321" "two maps of one name"
        "A map's name is unique in the library."
    USE "M322" "no such map to use"
        "`use NAME@VERSION` names a file of the library by its name and version."
    EVENT_TWICE "M323" "two maps for one event"
        "One message type and trigger event is translated by one map, and beside it by one for \
         each sender that has its own (`from hl7v2 ADT^A01 sender \"ID\"`)."
    TABLE_FILE "M324" "a table that cannot be used"
        "A table is a CSV file with the header `from,to` (optionally `system,display`), and no \
         code stands in `from` twice."
    USE_CIRCLE "M325" "libraries that use each other in a circle"
        "Type maps may not call themselves, directly or through others."
    SCHEMA_FILE "M326" "a record schema that cannot be used"
        "A schema of records is a JSON Schema of the type `object` with `$id`, `title`, and an \
         `x-isthmus` that tells `version` (MAJOR.MINOR) and `key`, one of its properties."
    NOT_A_DATE "R101" "not a date or time"
        "The field does not hold a date or time of HL7 v2 (YYYY[MM[DD[HHMM[SS[.S...]]]]][+/-ZZZZ])."
    NO_OFFSET "R102" "a time without an offset"
        "Neither the value, nor MSH-7, nor the sender's configuration tells the time zone; the \
         date alone was kept."
    NOT_A_NUMBER "R103" "not a number"
        "The value is not a decimal number as FHIR writes it."
    NOT_YES_NO "R104" "neither yes nor no"
        "The value is not one of Y, N, yes, no, true, false, 1, 0."
    NOT_A_PHONE "R105" "not a telephone number"
        "The digits do not make an E.164 number of the stated country."
    REQUIRED "R110" "a required row found no value"
        "The map marks the row as required; without its value the message cannot be translated. Of \
         several arguments of `uuid5` or `hmac` each must be there; write `PATH // \"\"` for one \
         that may be missing."
    NOT_AN_ID "R111" "not an id"
        "A FHIR id has 1 to 64 letters, digits, hyphens and dots."
    CHOICE_TWICE "R112" "two types of one choice element"
        "Two rows wrote the same choice element with different types; the first one stands."
    SAME_ID "R113" "two different resources of one id"
        "Two block instances gave the same type and id with different content; the first stands."
    DAMAGED_ID "R114" "an id that would be made of damaged text"
        "U+FFFD stands for bytes that could not be read. Two that differ would look the same and \
         get one id, so no id is made of them."
    UNMAPPED "R120" "a code that the table does not have"
        "The table says `unmapped error`. Add the code, or choose another rule."
    NOT_UTF8 "R130" "text that is not UTF-8"
        "Messages are decoded before they are translated; these bytes are no text."
    REPLACED "R131" "bytes that are not of the message's character set"
        "The sender's configuration says `charset_errors = \"replace\"`, so U+FFFD stands for each \
         such byte; what stood there is lost. Name the right set in MSH-18, or in the sender's \
         `charset_override`."
    OUTPUT_LIMIT "R140" "more output than allowed"
        "The message would give more resources than one message may, or it has more fields, \
         components and repetitions than are translated. Ask the sender to split it."
    NO_STRUCTURE "R141" "an unknown message structure"
        "The message's structure is not known, so its segment groups cannot be opened."
    OUT_OF_PLACE "R142" "a segment where its structure has no place for it"
        "The segment stands where the message's structure does not have it, so no group reads it. \
         The message may be of another structure than it says."
    UNDEFINED_SEGMENT "R143" "a Z segment that nobody defined"
        "The map's header has no `define segment` for it, so no group reads it. Define it when \
         something of it is wanted."
    AMBIGUOUS "R144" "a segment that two groups could have"
        "The structure does not tell which group the segment belongs to, and what comes after it \
         does not either. It was given to the nearest."
    WARN "R150" "a warning of the map"
        "A `warn` line of the map applied."
    REJECT "R151" "a rejection of the map"
        "A `reject` line of the map applied."
}

/// The explanation of a code, by its text in any letter case.
pub fn explain(text: &str) -> Option<&'static Explanation> {
    ALL.iter()
        .find(|explanation| explanation.code.text().eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_ordered() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert!(explain("m203").is_some());
    }
}
