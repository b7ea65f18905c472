//! Patients and addresses as operators give them: lines of standard input or of a file, never the
//! command line, where others could see them.

use std::collections::BTreeSet;
use std::path::Path;

use isthmus_core::address::normalised;
use isthmus_ingress::sender::Authorities;

use crate::admin::request::{Address, Patient};
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::input;

/// The patients of the input: `AUTHORITY|ID` a line; empty lines are left out.
pub(crate) fn patients(file: &ConfigFile, path: &Path) -> Result<Vec<Patient>, Failure> {
    let text = text(path)?;
    let known = authorities(file);
    let mut patients = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        // The line may hold a patient's number, so the error tells its place alone.
        let wrong = || Failure::Usage(format!("line {}: not AUTHORITY|ID", index + 1));
        let (authority, identifier) = line.split_once('|').ok_or_else(wrong)?;
        let (authority, identifier) = (authority.trim(), identifier.trim());
        if authority.is_empty() || identifier.is_empty() {
            return Err(wrong());
        }
        if let Some(known) = known.as_ref().filter(|known| !known.contains(authority)) {
            let known: Vec<&str> = known.iter().copied().collect();
            return Err(Failure::Usage(format!(
                "line {}: no sender may name this authority; known are {}",
                index + 1,
                known.join(", ")
            )));
        }
        patients.push(Patient {
            authority: authority.to_owned(),
            identifier: identifier.to_owned(),
        });
    }
    if patients.is_empty() {
        let text = "no patient was named; write AUTHORITY|ID a line";
        return Err(Failure::Usage(text.into()));
    }
    Ok(patients)
}

/// The addresses of the input, one a line, each in its one form; empty lines are left out.
pub(crate) fn addresses(path: &Path) -> Result<Vec<Address>, Failure> {
    let text = text(path)?;
    let lines = text.lines().enumerate();
    let mut addresses = Vec::new();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let address = normalised(line).ok_or_else(|| {
            let place = index + 1;
            Failure::Usage(format!(
                "line {place}: neither an e-mail address nor a telephone number"
            ))
        })?;
        addresses.push(Address(address));
    }
    if addresses.is_empty() {
        let text = "no address was named; write one a line";
        return Err(Failure::Usage(text.into()));
    }
    Ok(addresses)
}

fn text(path: &Path) -> Result<String, Failure> {
    let bytes = input::read(path)?;
    String::from_utf8(bytes).map_err(|_invalid| Failure::Usage("the lines are not UTF-8".into()))
}

/// The authorities that messages may name, or none when a sender may name any.
fn authorities(file: &ConfigFile) -> Option<BTreeSet<&str>> {
    let mut known = BTreeSet::new();
    for sender in file.config.senders.iter().map(toml::Spanned::get_ref) {
        let Authorities::Listed(names) = &sender.authorities else {
            return None;
        };
        known.insert(sender.default_authority.as_str());
        known.extend(names.iter().map(String::as_str));
    }
    Some(known)
}
