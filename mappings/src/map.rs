//! A map that is ready to run: its name, what it is for, its plan and what it reads.
//! Maps come from a `library`.

use isthmus_fhir::element::Element;
use isthmus_hl7v2::message::Message;

use crate::compile::map::Compiled;
use crate::context::RunContext;
use crate::plan::Plan;
use crate::reads::Trace;
use crate::run::output::{Failure, Shaping, Translation};
use crate::run::translate;

/// A map without errors.
#[derive(Debug, Clone)]
pub struct Map {
    name: String,
    version: String,
    file: String,
    compiled: Compiled,
}

impl Map {
    /// A compiled map of a file.
    pub fn new(name: String, version: String, file: String, compiled: Compiled) -> Self {
        Self {
            name,
            version,
            file,
            compiled,
        }
    }

    /// The name on its first line.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version on its first line.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its file, relative to the mappings folder.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Its file without the suffix, as policies name it: `fhir-to-records/crm-contact`.
    pub fn path(&self) -> &str {
        self.file.strip_suffix(".rmap").unwrap_or(&self.file)
    }

    /// The events it translates, as `ADT^A01`; none for a map of records.
    pub fn events(&self) -> &[String] {
        &self.compiled.events
    }

    /// The ids of the senders whose messages alone it translates; none for all.
    pub fn senders(&self) -> &[String] {
        &self.compiled.senders
    }

    /// The name of the record it makes.
    pub fn record(&self) -> Option<&str> {
        self.compiled.record.as_deref()
    }

    /// The record's key, a dotted path.
    pub fn key(&self) -> Option<&str> {
        self.compiled.key.as_deref()
    }

    /// What it reads and writes.
    pub fn trace(&self) -> &Trace {
        &self.compiled.trace
    }

    /// Its plan.
    pub fn plan(&self) -> &Plan {
        &self.compiled.plan
    }

    /// The names of the keys that its `hmac` functions use, each once.
    pub fn key_names(&self) -> &[String] {
        &self.compiled.plan.keys
    }

    /// Translates a message into resources. Pure: the same message and context give the same.
    ///
    /// # Errors
    /// All failures at once, see [`Failure`].
    pub fn translate(
        &self,
        message: &Message,
        context: &RunContext,
    ) -> Result<Translation, Failure> {
        translate::translate(&self.compiled.plan, message, context)
    }

    /// Shapes the resources of one subject into records. Pure, as [`Map::translate`].
    ///
    /// # Errors
    /// All failures at once, see [`Failure`].
    pub fn shape(&self, resources: &[Element], context: &RunContext) -> Result<Shaping, Failure> {
        translate::shape(&self.compiled.plan, resources, context)
    }
}
