//! All maps of a folder: parsed, their libraries found, checked and compiled, with every complaint.
//! Reading the files is done in `loader`.

use std::collections::HashMap;
use std::path::Path;

use isthmus_core::diagnostic::{Code, Diagnostic};
use isthmus_core::source_file::SourceFile;
use isthmus_core::span::Span;
use isthmus_fhir::spelling::nearest;

use crate::ast::{From, MapFile};
use crate::codes;
use crate::compile::compiler::{Sources, Unit};
use crate::compile::map::{compile, is_library};
use crate::loader::{Files, LoadError, TextFile};
use crate::map::Map;
use crate::parser::file::parse;
use crate::records::schemas::RecordSchemas;
use crate::span::Spanned;
use crate::table::TableRows;

/// In place of a sender's id: a map that names none.
const EVERYBODY: &str = "";

/// The maps of a folder.
#[derive(Debug, Default)]
pub struct Library {
    maps: Vec<Map>,
    diagnostics: Vec<Diagnostic>,
    /// By sender and event; the empty sender stands for all.
    by_event: HashMap<(String, String), usize>,
    /// The senders that maps name, each with the complaint in case there is none of the name.
    named_senders: Vec<(String, Diagnostic)>,
}

impl Library {
    /// Reads, checks and compiles every map below a folder. `keys` are the names of the keys that
    /// `hmac` may use; none leaves them unchecked.
    ///
    /// # Errors
    /// When the folder cannot be read. What is wrong in files is in [`Library::diagnostics`].
    pub fn load(folder: &Path, keys: Option<&[String]>) -> Result<Self, LoadError> {
        Ok(Self::of(&Files::read(folder)?, keys))
    }

    /// The same of files that were read before.
    pub fn of(files: &Files, keys: Option<&[String]>) -> Self {
        let mut library = Self::default();
        let mut units = Vec::new();
        let mut broken = Vec::new();
        for file in &files.maps {
            let (unit, faults) = unit(file);
            broken.push(faults.iter().any(Diagnostic::is_error));
            library.diagnostics.extend(faults);
            units.push(unit);
        }
        library.resolve_uses(&mut units, &mut broken);
        library.names_once(&units);
        let tables = tables(&files.tables);
        let schemas = RecordSchemas::of(&files.schemas);
        library.diagnostics.extend_from_slice(schemas.diagnostics());
        let sources = Sources {
            units: &units,
            tables: &tables,
            schemas: &schemas,
            keys,
        };
        let mut compiled = Vec::new();
        for at in 0..units.len() {
            let (one, faults) = compile(sources, at);
            if let Some(broken) = broken.get_mut(at) {
                *broken |= faults.iter().any(Diagnostic::is_error);
            }
            library.diagnostics.extend(faults);
            compiled.push(one);
        }
        for ((at, unit), one) in units.iter().enumerate().zip(compiled) {
            if is_library(&unit.map) || rests_on_broken(at, &units, &broken) {
                continue;
            }
            let Some((name, version)) = &unit.map.title else {
                continue;
            };
            let file = unit.file.path().to_owned();
            let map = Map::new(name.value.clone(), version.value.clone(), file, one);
            library.maps.push(map);
        }
        library.claim_events(&units);
        library.named_senders = units.iter().flat_map(named_senders).collect();
        let place = |one: &Diagnostic| (one.file.clone(), one.line, one.column, one.code);
        library.diagnostics.sort_by_key(place);
        library
    }

    /// The maps without errors, by file.
    pub fn maps(&self) -> &[Map] {
        &self.maps
    }

    /// Everything that is wrong, by file and place.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether any map does not load.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// The map of this name, or of this file without its suffix.
    pub fn map(&self, name: &str) -> Option<&Map> {
        self.maps
            .iter()
            .find(|map| map.name() == name || map.path() == name)
    }

    /// The map that translates this message type and trigger event of a sender: its own, or else
    /// the one for all.
    pub fn for_event(&self, sender: &str, message_code: &str, trigger: &str) -> Option<&Map> {
        let event = format!("{message_code}^{trigger}");
        let claimed = |sender: &str| self.by_event.get(&(sender.to_owned(), event.clone()));
        let at = claimed(sender).or_else(|| claimed(EVERYBODY))?;
        self.maps.get(*at)
    }

    /// Every event that a map translates, sorted, each once.
    pub fn events(&self) -> Vec<&str> {
        let mut events: Vec<&str> = self.by_event.keys().map(|(_, event)| &**event).collect();
        events.sort_unstable();
        events.dedup();
        events
    }

    /// Complaints about maps that are for senders other than these.
    pub fn unknown_senders(&self, known: &[&str]) -> Vec<Diagnostic> {
        let unknown = self.named_senders.iter();
        let unknown = unknown.filter(|(sender, _)| !known.contains(&&**sender));
        let complaint = |(sender, fault): &(String, Diagnostic)| {
            let near = nearest(sender, known.iter().copied());
            fault.clone().with_help(match near.first() {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its senders are {}", known.join(", ")),
            })
        };
        unknown.map(complaint).collect()
    }

    fn fault(&mut self, unit: &Unit, span: Span, code: Code, message: String) {
        self.diagnostics
            .push(Diagnostic::error(&unit.file, span, code, message));
    }

    /// Finds the libraries that each file uses, and what those use in turn is theirs alone.
    fn resolve_uses(&mut self, units: &mut [Unit], broken: &mut [bool]) {
        let titles: Vec<Option<(String, String, bool)>> = units.iter().map(title).collect();
        for (unit, broken) in units.iter_mut().zip(broken) {
            let mut uses = Vec::new();
            for line in &unit.map.uses {
                let versions = titles
                    .iter()
                    .flatten()
                    .filter(|title| title.0 == line.name.value);
                let known: Vec<&str> = versions.map(|title| title.1.as_str()).collect();
                let found = titles.iter().position(|title| {
                    title.as_ref().is_some_and(|(name, version, is_library)| {
                        *name == line.name.value && *version == line.version.value && *is_library
                    })
                });
                if let Some(found) = found {
                    uses.push(found);
                    continue;
                }
                let mut fault = Diagnostic::error(
                    &unit.file,
                    line.name.span.to(line.version.span),
                    codes::USE,
                    format!("no library `{}@{}`", line.name.value, line.version.value),
                );
                if !known.is_empty() {
                    fault = fault.with_help(format!("there is version {}", known.join(", ")));
                }
                self.diagnostics.push(fault);
                *broken = true;
            }
            unit.uses = uses;
        }
    }

    fn names_once(&mut self, units: &[Unit]) {
        for (at, unit) in units.iter().enumerate() {
            let Some((name, _)) = &unit.map.title else {
                continue;
            };
            let same = |other: &&Unit| {
                other
                    .map
                    .title
                    .as_ref()
                    .is_some_and(|title| title.0.value == name.value)
            };
            if let Some(before) = units.iter().take(at).find(same) {
                let message = format!("`{}` is the name of {} too", name.value, before.file.path());
                self.fault(unit, name.span, codes::NAME_TWICE, message);
            }
        }
    }

    fn claim_events(&mut self, units: &[Unit]) {
        let mut claims: Vec<((String, String), usize)> = Vec::new();
        for (at, map) in self.maps.iter().enumerate() {
            let everybody = [EVERYBODY.to_owned()];
            let senders = match map.senders() {
                [] => &everybody[..],
                named => named,
            };
            for event in map.events() {
                let claim = |sender: &String| ((sender.clone(), event.clone()), at);
                claims.extend(senders.iter().map(claim));
            }
        }
        for (claim, at) in claims {
            let Some(before) = self.by_event.get(&claim) else {
                self.by_event.insert(claim, at);
                continue;
            };
            let before = self.maps.get(*before).map_or("", Map::file);
            let message = format!("{} is translated by {before} too", claim.1);
            let file = self.maps.get(at).map_or("", Map::file);
            let Some(unit) = units.iter().find(|unit| unit.file.path() == file) else {
                continue;
            };
            let span = unit
                .map
                .from
                .as_ref()
                .map_or(Span::default(), |from| from.span);
            self.fault(unit, span, codes::EVENT_TWICE, message);
        }
    }
}

fn unit(file: &TextFile) -> (Unit, Vec<Diagnostic>) {
    let source = SourceFile::new(file.path.clone(), file.text.as_deref().unwrap_or_default());
    let (map, diagnostics) = match &file.text {
        Ok(_) => parse(&source),
        Err(reason) => {
            let message = format!("cannot be read: {reason}");
            let span = Span::default();
            let fault = Diagnostic::error(&source, span, codes::UNREAD_FILE, message);
            (MapFile::default(), vec![fault])
        }
    };
    (
        Unit {
            file: source,
            map,
            uses: Vec::new(),
        },
        diagnostics,
    )
}

fn named_senders(unit: &Unit) -> Vec<(String, Diagnostic)> {
    let Some(From::Hl7v2 { senders, .. }) = unit.map.from.as_ref().map(|from| &from.value) else {
        return Vec::new();
    };
    let complaint = |sender: &Spanned<String>| {
        let text = format!("the configuration has no sender `{}`", sender.value);
        let fault = Diagnostic::error(&unit.file, sender.span, codes::SENDER, text);
        (sender.value.clone(), fault)
    };
    senders.iter().map(complaint).collect()
}

fn title(unit: &Unit) -> Option<(String, String, bool)> {
    let (name, version) = unit.map.title.as_ref()?;
    Some((
        name.value.clone(),
        version.value.clone(),
        is_library(&unit.map),
    ))
}

fn tables(files: &[TextFile]) -> HashMap<String, Result<TableRows, String>> {
    let read = |file: &TextFile| {
        let rows = file.text.clone().and_then(|text| TableRows::read(&text));
        (file.path.clone(), rows)
    };
    files.iter().map(read).collect()
}

/// Whether a file, or a library that it uses directly or through others, has errors.
fn rests_on_broken(at: usize, units: &[Unit], broken: &[bool]) -> bool {
    let mut waiting = vec![at];
    let mut seen = vec![false; units.len()];
    while let Some(at) = waiting.pop() {
        if broken.get(at).copied().unwrap_or(true) {
            return true;
        }
        if let (Some(unit), Some(seen)) = (units.get(at), seen.get_mut(at))
            && !std::mem::replace(seen, true)
        {
            waiting.extend(&unit.uses);
        }
    }
    false
}
