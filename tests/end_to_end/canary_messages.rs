//! Messages in which every field, component and subcomponent that a version of the dictionary has
//! holds a value of its own. Where such a value may turn up is said in `no_patient_data_leaks`, how
//! it is looked for in `canary_scan`.

use isthmus_hl7v2::dictionary::{Version, version};
use jiff::ToSpan;
use jiff::civil::Date;

/// What an admission, and what a result is made of; Z segments come with every message.
const ADMISSION: &str = "EVN PID PD1 NK1 PV1 PV2 DB1 OBX AL1 DG1 PR1 GT1 IN1 IN2 ACC ROL";
const RESULT: &str = "PID PD1 NTE PV1 PV2 ORC OBR NTE OBX NTE SPM";

/// The types of OBX-5, each in an OBX of its own.
const RESULT_TYPES: &str = "NM ST TX FT CE CWE CNE SN ID IS DT TS DTM TM CX XPN XAD ED";

/// Fields in a Z segment.
const Z_FIELDS: u16 = 12;

/// Values that the message needs to be accepted and to reach a recipient.
const WORKING: [(&str, &str); 18] = [
    ("MSH-3", "EXAMPLE-EHR"),
    ("MSH-4", "EXAMPLE-CLINIC"),
    ("MSH-11", "P"),
    ("PID-3.4", "EXAMPLE MRN"),
    ("PID-3.5", "MR"),
    ("PID-3[1].4", "SSA"),
    ("PID-5.7", "L"),
    ("PID-11.7", "H"),
    ("PID-13.2", "PRN"),
    ("PID-13.3", "PH"),
    ("PID-13[1].2", "NET"),
    ("PID-13[1].3", "Internet"),
    ("PID-14.2", "WPN"),
    ("PID-14.3", "PH"),
    ("PID-15.3", "ISO639"),
    ("PID-24", "N"),
    ("PID-30", "N"),
    ("PV1-2", "I"),
];

/// A value that stands in one place of one message only.
pub(crate) struct Token {
    /// The part of the value that is looked for, at least eight characters.
    pub(crate) text: String,
    /// The same in other words, such as a date in FHIR's form.
    pub(crate) forms: Vec<String>,
    /// Where it stands: `PID-5.2`, without the repetition.
    pub(crate) place: String,
}

/// What is to be written.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'p> {
    /// MSH-12.
    pub(crate) version: &'static str,
    /// MSH-9.1 and MSH-9.2.
    pub(crate) event: (&'p str, &'p str),
    /// Fields that stay empty.
    pub(crate) without: &'p [&'p str],
}

/// Makes messages, and keeps every token that it ever put in one.
#[derive(Default)]
pub(crate) struct Canaries {
    /// The tokens, in the order in which they were made.
    pub(crate) tokens: Vec<Token>,
    /// How many of them are days.
    days: usize,
}

/// Where something is written.
#[derive(Clone)]
struct Place {
    segment: String,
    field: u16,
    repetition: usize,
    inner: Vec<u16>,
}

impl Place {
    /// With the repetition only when it is not the first; a first component alone is its whole.
    fn key(&self) -> String {
        let repetition = match self.repetition {
            0 => String::new(),
            index => format!("[{index}]"),
        };
        let last = self.inner.iter().rposition(|number| *number != 1);
        let inner = &self.inner[..last.map_or(0, |last| last + 1)];
        let inner: Vec<String> = inner.iter().map(|number| format!(".{number}")).collect();
        let inner = inner.concat();
        format!("{}-{}{repetition}{inner}", self.segment, self.field)
    }

    fn inside(&self, number: u16) -> Self {
        let mut place = self.clone();
        place.inner.push(number);
        place
    }
}

impl Canaries {
    /// A message.
    pub(crate) fn message(&mut self, plan: Plan<'_>) -> Vec<u8> {
        let dictionary = version(plan.version).unwrap();
        let names = if plan.event.0 == "ORU" {
            RESULT
        } else {
            ADMISSION
        };
        let mut segments = vec![self.segment(dictionary, plan, "MSH", None)];
        for name in names.split(' ') {
            if dictionary.segment(name).is_none() {
                continue;
            }
            if name == "OBX" {
                let types = RESULT_TYPES.split(' ');
                segments.extend(types.map(|of| self.segment(dictionary, plan, name, Some(of))));
            } else {
                segments.push(self.segment(dictionary, plan, name, None));
            }
        }
        segments.push(self.z_segment());
        segments.concat().into_bytes()
    }

    fn segment(
        &mut self,
        dictionary: &Version,
        plan: Plan<'_>,
        name: &str,
        result_type: Option<&str>,
    ) -> String {
        let fields = &dictionary.segment(name).unwrap().fields;
        let mut written = vec![String::new(); usize::from(fields.last().unwrap().number) + 1];
        name.clone_into(&mut written[0]);
        for field in fields {
            let place = format!("{name}-{}", field.number);
            let slot = &mut written[usize::from(field.number)];
            if plan.without.contains(&place.as_str()) {
                continue;
            }
            *slot = match (place.as_str(), result_type) {
                ("MSH-1", _) => continue,
                ("MSH-2", _) => "^~\\&".to_owned(),
                ("MSH-9", _) => format!("{}^{}", plan.event.0, plan.event.1),
                ("MSH-12", _) => plan.version.to_owned(),
                ("MSH-18", _) => "UNICODE UTF-8".to_owned(),
                ("OBX-2", Some(of)) => of.to_owned(),
                ("OBX-5", Some(of)) => self.field(dictionary, name, 5, of, 1),
                _ => {
                    let most = if field.cardinality.repeats() { 2 } else { 1 };
                    let of = field.datatype.unwrap_or("ST");
                    self.field(dictionary, name, field.number, of, most)
                }
            };
        }
        if name == "MSH" {
            written.remove(1);
        }
        written.join("|") + "\r"
    }

    fn field(
        &mut self,
        dictionary: &Version,
        segment: &str,
        number: u16,
        datatype: &str,
        repetitions: usize,
    ) -> String {
        let repetitions = (0..repetitions).map(|repetition| {
            let place = Place {
                segment: segment.to_owned(),
                field: number,
                repetition,
                inner: Vec::new(),
            };
            self.value(dictionary, &place, datatype, &["^", "&"])
        });
        repetitions.collect::<Vec<_>>().join("~")
    }

    fn value(
        &mut self,
        dictionary: &Version,
        place: &Place,
        datatype: &str,
        between: &[&str],
    ) -> String {
        let parts = dictionary.datatype(datatype);
        let (Some(parts), Some((between, deeper))) = (parts, between.split_first()) else {
            return self.leaf(place, datatype);
        };
        let last = parts.components.last().map_or(0, |part| part.number);
        let parts = (1..=last).map(|number| {
            let part = parts.component(number);
            // The first component of a time is a time, in some versions by the name of a text.
            let is_time = (datatype, number) == ("TS", 1);
            let stated = part.and_then(|part| part.datatype).unwrap_or("ST");
            let of = if is_time { "DTM" } else { stated };
            self.value(dictionary, &place.inside(number), of, deeper)
        });
        parts.collect::<Vec<_>>().join(between)
    }

    fn z_segment(&mut self) -> String {
        let fields = (1..=Z_FIELDS).map(|field| {
            let place = Place {
                segment: "ZPI".to_owned(),
                field,
                repetition: 0,
                inner: Vec::new(),
            };
            let parts = [1, 2].map(|number| self.leaf(&place.inside(number), "ST"));
            parts.join("^")
        });
        format!("ZPI|{}\r", fields.collect::<Vec<_>>().join("|"))
    }

    /// A value that has no parts: what the message needs there, else a new token.
    fn leaf(&mut self, place: &Place, datatype: &str) -> String {
        let key = place.key();
        if let Some((_, working)) = WORKING.iter().find(|(of, _)| *of == key) {
            return (*working).to_owned();
        }
        let count = self.tokens.len();
        let is_number = matches!(
            key.as_str(),
            "PID-13" | "PID-13.12" | "PID-14" | "PID-14.12" | "PID-13.7"
        );
        let (text, forms) = match datatype {
            _ if is_number => (format!("{}", 2_175_000_000 + count), Vec::new()),
            "DT" | "TS" | "DTM" => {
                self.days += 1;
                day(self.days, if datatype == "DT" { "" } else { "081530" })
            }
            "TM" => time(count),
            "NM" | "SI" => (format!("{}", 7_700_000_000_u64 + count as u64), Vec::new()),
            _ => (letters(count), Vec::new()),
        };
        let sent = match datatype {
            "ST" | "TX" | "FT" if key == "PID-13[1].4" => format!("{text}@example.org"),
            "ST" | "TX" | "FT" if count.is_multiple_of(5) && key != "PID-3" => {
                format!("{text} \\T\\\"é/")
            }
            _ => text.clone(),
        };
        let first = Place {
            repetition: 0,
            ..place.clone()
        };
        self.tokens.push(Token {
            text,
            forms,
            place: first.key(),
        });
        sent
    }
}

/// A day of the past, and its form in FHIR.
fn day(count: usize, clock: &str) -> (String, Vec<String>) {
    let count = i64::try_from(count).unwrap();
    assert!(count < 45_000, "the days of the past are used up");
    let day = Date::constant(1900, 1, 1).saturating_add(count.days());
    let text = day.strftime("%Y%m%d").to_string();
    let forms = vec![day.to_string()];
    (format!("{text}{clock}"), forms)
}

fn time(count: usize) -> (String, Vec<String>) {
    let (minute, second, fraction) = (count / 60 % 60, count % 60, count % 10_000);
    let text = format!("21{minute:02}{second:02}.{fraction:04}");
    let form = format!("21:{minute:02}:{second:02}.{fraction:04}");
    (text, vec![form])
}

/// Ten letters, different for each of 26^6 counts.
fn letters(mut count: usize) -> String {
    let mut text = String::from("Zq");
    for _ in 0..6 {
        text.push(char::from(b'a' + u8::try_from(count % 26).unwrap()));
        count /= 26;
    }
    text + "xj"
}
