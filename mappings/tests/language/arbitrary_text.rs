//! No text makes the parser or the checker panic.

use isthmus_mappings::library::Library;
use isthmus_mappings::loader::Files;
use proptest::prelude::{ProptestConfig, any, prop, proptest};

const MAP: &str = "map t 1
from hl7v2 ADT^A01,A04
to fhir R4
table sex = sex.csv unmapped warn default \"unknown\"
const url = \"urn:x\"
each PROCEDURE
  resource Procedure as pr per PR1 when count(PR1-3) = 1 and not PR1-1 null
    status <- \"completed\"
    subject <- ref(patient)
resource Patient as patient per PID
  id <- PID-3[5=\"MR\"].1 // PID-3[0].1, MSH-4 | uuid5(\"a\") required
  identifier[system=$url].value <- PID-19 | digits
  name[] <- PID-5 : XPN
  choose PID-8
    case \"F\", \"M\"
      gender <- PID-8 | table(sex)
    else reject \"no\"
  part contact[] per NK1
    name.family <- NK1-2[0].1 required # note
type XPN to HumanName
  family <- .1.1
  given[1..] <- .3 | split(\" \")
";

fn load(text: &str) -> usize {
    let files = Files::default()
        .with_map("t.rmap", text)
        .with_table("sex.csv", "from,to\nF,female\n");
    Library::of(&files, None).diagnostics().len()
}

#[test]
fn the_map_itself_is_right() {
    let files = Files::default()
        .with_map("t.rmap", MAP)
        .with_table("sex.csv", "from,to\nF,female\n");
    let library = Library::of(&files, None);
    assert!(
        library.diagnostics().is_empty(),
        "{:?}",
        library.diagnostics()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_is_read(text in "(?s).{0,400}") {
        load(&text);
    }

    #[test]
    fn any_mutation_of_a_map_is_read(
        cuts in prop::collection::vec(
            (any::<prop::sample::Index>(), 0_usize..12, "[\\PC\n]{0,4}"),
            1..4,
        ),
    ) {
        let mut letters: Vec<char> = MAP.chars().collect();
        for (at, length, text) in cuts {
            let start = at.index(letters.len());
            let end = (start + length).min(letters.len());
            letters.splice(start..end, text.chars());
        }
        load(&letters.into_iter().collect::<String>());
    }

    #[test]
    fn any_line_moves_anywhere(from in 0_usize..22, to in 0_usize..22, indent in 0_usize..6) {
        let mut lines: Vec<String> = MAP.lines().map(str::to_owned).collect();
        let line = lines.remove(from);
        lines.insert(to.min(lines.len()), format!("{}{}", "  ".repeat(indent), line.trim_start()));
        load(&lines.join("\n"));
    }
}
