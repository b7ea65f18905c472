//! `isthmus translate`: shows the FHIR resources that the messages of a file give; stores and sends
//! nothing.

use std::path::Path;

use isthmus_core::clock::Clock;
use isthmus_fhir::element::Element;
use isthmus_fhir::json::writer;
use isthmus_mappings::map::Map;
use isthmus_mappings::run::output::Translation;

use crate::cli::Translate;
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::input;
use crate::output::Output;
use crate::rules::Rules;
use crate::sender_terms;
use crate::system::SystemClock;

/// Translates every message of the file. Findings: a message that would be parked.
pub(crate) fn run(folder: &Path, options: &Translate, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    file.first_start()?;
    let rules = Rules::load(&file, SystemClock.now())?;
    let sender = sender_terms::named(&file, options.sender.as_deref())?;
    check_map(&rules, options.map.as_deref())?;
    let messages = input::messages(&options.file)?;
    let mut parked = false;
    for (index, message) in messages.iter().enumerate() {
        let now = SystemClock.now();
        let map = options.map.as_deref();
        match rules.translator.resources(&sender, now, message, map) {
            Ok(translated) => show(&translated.translation, output),
            Err(refusal) => {
                parked = true;
                let text = format!("message {} would be parked: {refusal}", index + 1);
                output.failure(&Failure::Run(text));
            }
        }
    }
    if parked {
        Err(Failure::Findings)
    } else {
        Ok(())
    }
}

/// Refuses the name of a map that there is not, or that reads no messages.
fn check_map(rules: &Rules, named: Option<&str>) -> Result<(), Failure> {
    let maps = rules.library.maps().iter();
    let maps = maps.filter(|map| !map.events().is_empty());
    let known: Vec<&str> = maps.clone().map(Map::name).collect();
    match named {
        Some(name)
            if !maps
                .clone()
                .any(|map| map.name() == name || map.path() == name) =>
        {
            let known = known.join(", ");
            let text = format!("no map of messages is called {name}; there are {known}");
            Err(Failure::Usage(text))
        }
        _ => Ok(()),
    }
}

fn show(translation: &Translation, output: Output) {
    let resources = translation
        .resources
        .iter()
        .cloned()
        .map(Element::from)
        .collect();
    let mut bytes = Vec::new();
    if output.is_json() {
        writer::write(&Element::Array(resources), &mut bytes);
    } else {
        writer::write_pretty(&Element::Array(resources), &mut bytes);
    }
    bytes.push(b'\n');
    Output::raw(&bytes);
    for warning in &translation.warnings {
        output.warning(&warning.to_string());
    }
}
