//! The stable codes of everything a policy can be refused for, each with its explanation; the
//! complaints themselves are raised where they arise.

use crate::diagnostic::{Code, Explanation};

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
    NOT_TOML "P001" "the file is not TOML"
        "The file cannot be read as TOML 1.1 (https://toml.io). Nothing in it is used until it can."
    UNKNOWN_KEY "P002" "a key that policies do not have"
        "A key that is not known is never ignored, for it may be a misspelt restriction. Remove it \
         or spell it as the help says."
    NOT_ENFORCED "P003" "a restriction that this version does not enforce"
        "The key or value is part of the policy language, but the gateway would not act on it. A \
         restriction that is written and not enforced is worse than none, so the file is refused. \
         The help says what is accepted."
    MISSING_KEY "P004" "a key that must be there"
        "The table lacks a key without which nothing may be released. Add it."
    VALUE_FORM "P005" "a value of the wrong form"
        "The value is of another kind than the key takes, is empty, or is not written as the key \
         needs it. The message says which form it must have."
    NOT_LISTED "P006" "a word that is not in the closed list"
        "The key takes one of a few words. The help names the nearest, or all of them."
    DUPLICATE_ID "P007" "an id that is used twice"
        "Recipients, flows and agreements are told apart by their ids over all files; a flow's id \
         also makes the ids of its deliveries."
    FILE_NAME "P008" "a policy file that is not named for its recipient"
        "A recipient's policy stands in `<recipient id>.toml`, so that nobody edits another \
         recipient's policy by mistake."
    NO_AGREEMENT "P020" "no agreement with the recipient"
        "Identified patient data leaves only under a written agreement with the recipient (45 CFR \
         164.502(e)). Name one that stands in the agreements file and is made with this recipient."
    AGREEMENT_EXPIRED "P021" "the agreement has expired"
        "The agreement's `expires` is the first day, in UTC, on which nothing may leave under it. \
         Renew the agreement before its policies are loaded again."
    AGREEMENT_KIND "P022" "the agreement does not cover identified data"
        "A data use agreement (DUA) covers a limited data set only (45 CFR 164.514(e)); identified \
         data needs a business associate agreement (BAA)."
    FLOW_EXPIRED "P023" "the flow has expired"
        "The flow's `expires` is the first day, in UTC, on which nothing leaves by it. Review the \
         flow, then set a new date."
    BASIS_PURPOSE "P024" "a basis that does not allow the purpose"
        "Each legal basis allows some purposes of use. Marketing (HMARKT) needs the patient's own \
         authorization (45 CFR 164.508(a)(3))."
    CONSENT_NEEDED "P025" "a basis that needs the patient's consent"
        "`require = \"none\"` stands only with treatment, payment, operations and required-by-law; \
         every other basis is a consent and needs `require = \"opt-in\"`."
    WALL "P026" "a recipient on the wrong side"
        "The kind of the recipient fixes on which side of the wall between commercial, medical and \
         care it stands, and marketing never crosses to the medical side."
    AUDIENCE "P027" "patients and health care professionals in one flow"
        "A flow is about patients or about professionals. A person can be both and is then two \
         subjects, which the gateway never joins."
    NOT_COVERED "P028" "a class of data that the consent does not cover"
        "An authorization describes the data that it covers (45 CFR 164.508(c)(1)(i)). Every allow \
         row's class must be in the flow's `covers`."
    PATH_FORM "P040" "not a path"
        "A path is a resource type and element names with dots between them, such as \
         Patient.name[use=official].family."
    PATH_UNKNOWN "P041" "a path that leads nowhere"
        "The path names no element of FHIR R4, or a key in it can never match. A path that matches \
         nothing today could match too much tomorrow, so it is refused."
    SELECTOR "P042" "a selector that policies do not take"
        "A policy says which repetitions may leave: all (no bracket), the first ([0]), or those \
         with a fixed value ([use=official])."
    NOT_A_LEAF "P043" "a path that grants more than one value"
        "An allow row grants one value, so that nothing is granted by accident. Name each value \
         with a row of its own."
    COARSEN "P044" "a coarsening that does not fit"
        "year and month take dates, zip3 a postal code, state a whole address. A coarsening that \
         changes the type names the new type with `as`."
    SYSTEMS "P045" "codes without their code systems"
        "Local code systems carry free text, so a value inside a Coding leaves only when its \
         `system` is one that the row names, with `systems` or with a system key."
    SHADOWED "P046" "a row that another row already grants"
        "Two rows grant the same value, or one grants all that the other does. Remove one, so that \
         each value has one row that answers for it."
    OVERLAP "P047" "rows that grant one value in two ways"
        "Two rows can meet in one value and treat it differently: one would undo the restriction \
         of the other. Make them equal, or give them keys that exclude each other."
    NEVER_GRANTED "P048" "an element that no policy can grant"
        "Modifier extensions and implicit rules change the meaning of a resource and refuse it \
         whole; contained resources and unnamed extensions can hold anything."
    VALUE_TYPES "P049" "a value that can be of any datatype"
        "OBX-2 says what OBX-5 holds. A row for it names the datatypes that may leave: \
         `types = [\"NM\", \"CWE\"]`. TX, FT and ST are free text, ED and RP documents: they leave \
         only when they are named."
    FORM "P050" "a flow that is neither of records nor of messages"
        "A flow shapes records by a map (`map`), or sends HL7 v2 messages on (`form = \"hl7v2\"`, \
         with `events`), never both. Paths of the former are FHIR's, those of the latter begin \
         with hl7v2:."
    EVENTS "P051" "events that a flow of messages cannot have"
        "`events` lists message types with their trigger events, such as ADT^A01, of which a \
         version of HL7 v2 knows the structure, and every row's segment and groups are in one of \
         these."
    REQUIRED_WITHHELD "P052" "a message without what it cannot do without"
        "A message about a patient has PID-3 and PID-5. A flow that grants other fields of PID and \
         not these would send messages that receivers refuse, or file under nobody."
    NO_MAP "P100" "a map that does not exist"
        "A flow names the map that shapes what it sends, by its path without the suffix."
    NOT_ALLOWED "P101" "the map reads what the flow does not allow"
        "Every element that a map reads must be allowed by each flow that uses it. An element that \
         is read only to decide something is disclosed too, by what the decision shows."
    CONSENT_READ "P102" "the map tells a consent that the flow does not name"
        "A map that writes what a patient consented to discloses it. The flow must name the \
         category in [flow.consent], in `category` when a yes is needed, in `tells` when not."
    NEVER_READ "P110" "a row that the map never reads"
        "The row grants a value that the flow's map does not use: more is allowed than is needed."
}
