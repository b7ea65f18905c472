//! `isthmus translate`: shows the FHIR resources that the messages of a file give; stores and sends
//! nothing.

use std::path::Path;

use isthmus_core::clock::Clock;
use isthmus_core::id::SenderId;
use isthmus_fhir::element::Element;
use isthmus_fhir::json::writer;
use isthmus_mappings::run::output::Translation;

use crate::cli::Translate;
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::input;
use crate::message_file;
use crate::output::Output;
use crate::rules::Rules;
use crate::system::SystemClock;

/// Translates every message of the file. Findings: a message that would be parked.
pub(crate) fn run(folder: &Path, options: &Translate, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    file.first_start()?;
    let rules = Rules::load(&file, SystemClock.now())?;
    let sender = sender(&file, options)?;
    let bytes = input::read(&options.file)?;
    let messages = message_file::messages(&bytes);
    if messages.is_empty() {
        return Err(Failure::Usage("the file holds no HL7 v2 message".into()));
    }
    let mut parked = false;
    for (index, message) in messages.iter().enumerate() {
        let now = SystemClock.now();
        let map = options.map.as_deref();
        match rules.translator.resources(&sender, now, message, map) {
            Ok((_map, translation)) => show(&translation, output),
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

/// The sender whose zone and charset hold.
fn sender(file: &ConfigFile, options: &Translate) -> Result<SenderId, Failure> {
    let mut senders = file
        .config
        .senders
        .iter()
        .map(|sender| &sender.get_ref().id);
    let found = match &options.sender {
        Some(id) => senders.find(|sender| sender.as_str() == id),
        None => senders.next(),
    };
    found
        .cloned()
        .ok_or_else(|| Failure::Usage("the configuration names no such sender".into()))
}
