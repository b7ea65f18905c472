//! `isthmus schema`: the contract with recipients, as a list, as JSON Schema, and as an `AsyncAPI`
//! document; the schemas are files of the mappings folder, and what they mean is told there.

use std::path::Path;

use clap::Args;
use isthmus_mappings::records::async_api;
use isthmus_mappings::records::schema::RecordSchema;
use isthmus_mappings::records::schemas::{EVENT, RecordSchemas};
use isthmus_mappings::shipped;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;

/// What is asked for instead of a schema's name.
const ASYNCAPI: &str = "asyncapi";

/// Options of `schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// A kind of record, `event` for the event that carries one, or `asyncapi`; without it the
    /// list of all.
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// The `--json` document of the list.
#[derive(Debug, Serialize)]
struct List<'s> {
    schemas: Vec<Listed<'s>>,
}

#[derive(Debug, Serialize)]
struct Listed<'s> {
    name: &'s str,
    version: String,
    key: &'s str,
    id: &'s str,
    title: &'s str,
}

/// Shows the list, a schema or the document. `mappings` is the folder that the configuration names;
/// without one, or when it has no schemas, those that ship are shown.
pub(crate) fn run(
    mappings: Option<&Path>,
    options: &Schema,
    output: Output,
) -> Result<(), Failure> {
    let schemas = schemas(mappings)?;
    match options.name.as_deref() {
        None => list(&schemas, output),
        Some(ASYNCAPI) => {
            let document = async_api::document(&schemas).ok_or_else(|| {
                Failure::Usage(format!(
                    "the folder records has no {EVENT}.schema.json, which the document needs"
                ))
            })?;
            Output::raw(document.as_bytes());
        }
        Some(name) => {
            let schema = schemas.get(name).ok_or_else(|| unknown(name, &schemas))?;
            Output::raw(schema.text().as_bytes());
        }
    }
    Ok(())
}

fn schemas(mappings: Option<&Path>) -> Result<RecordSchemas, Failure> {
    let Some(folder) = mappings else {
        return Ok(shipped::record_schemas());
    };
    let schemas = RecordSchemas::load(folder).map_err(|error| Failure::Usage(error.to_string()))?;
    if !schemas.diagnostics().is_empty() {
        let mut faults = schemas.diagnostics().to_vec();
        for fault in &mut faults {
            fault.file = folder.join(&fault.file).display().to_string();
        }
        return Err(Failure::Configuration(faults));
    }
    if schemas.all().next().is_none() {
        return Ok(shipped::record_schemas());
    }
    Ok(schemas)
}

fn unknown(name: &str, schemas: &RecordSchemas) -> Failure {
    let known = schemas.all().map(RecordSchema::name).chain([ASYNCAPI]);
    let known: Vec<&str> = known.collect();
    Failure::Usage(format!(
        "no schema is called {name}; there are {}",
        known.join(", ")
    ))
}

fn list(schemas: &RecordSchemas, output: Output) {
    let listed = |schema| {
        let schema: &RecordSchema = schema;
        Listed {
            name: schema.name(),
            version: schema.version(),
            key: schema.key(),
            id: schema.id(),
            title: schema.title(),
        }
    };
    let schemas: Vec<Listed<'_>> = schemas.all().map(listed).collect();
    let row = |one: &Listed<'_>| {
        let cells = [one.name, &one.version, one.key, one.id];
        cells.map(str::to_owned).to_vec()
    };
    let rows = schemas.iter().map(row).collect();
    output.table(&["name", "version", "key", "id"], rows);
    output.line("\n`isthmus schema NAME` prints one, `isthmus schema asyncapi` a document of all.");
    output.document(&List { schemas });
}
