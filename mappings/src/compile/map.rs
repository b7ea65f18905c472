//! Compiles a whole map: its header, its named blocks, then its content; or checks a library of
//! types. Everything it needs from other files was read before.

use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::span::Span;
use isthmus_fhir::definitions::r4::Definitions;

use crate::ast::{Block, BlockKind, From, Item, MapFile, Operand, To};
use crate::codes;
use crate::compile::compiler::{Compiler, NamedBlock, Sources};
use crate::compile::scope::{Alias, Scope, Target};
use crate::plan::{ItemPlan, Plan, TopPlan};
use crate::plan_path::ElementStart;
use crate::reads::Trace;
use crate::span::Word;

/// A compiled map.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// How it is run.
    pub plan: Plan,
    /// What it reads and writes.
    pub trace: Trace,
    /// The events it translates, as `ADT^A01`.
    pub events: Vec<String>,
    /// The ids of the senders whose messages alone it translates; none for all.
    pub senders: Vec<String>,
    /// The name of the record it makes.
    pub record: Option<String>,
    /// The record's key path.
    pub key: Option<String>,
}

/// Compiles the file at this place of the sources. The plan of a map with errors must not be run.
pub fn compile(sources: Sources<'_>, unit: usize) -> (Compiled, Vec<Diagnostic>) {
    let mut compiler = Compiler::new(sources, unit);
    let mut scope = Scope::new(Target::Record, String::new());
    let mut events = Vec::new();
    let mut senders = Vec::new();
    let mut record = None;
    if let Some(unit) = compiler.current() {
        let map = &unit.map;
        compiler.header(map);
        compiler.names_once(map);
        compiler.tables_readable(map);
        compiler.local_segments(map);
        scope.aliases = compiler.aliases(map);
        compiler.blocks = named_blocks(&map.blocks);
        let blocks: Vec<&Block> = map.blocks.iter().collect();
        compiler.plan.items = compiler.top(&blocks, &scope);
        for at in 0..map.blocks.len() {
            compiler.compile_type(at);
        }
        compiler.key(map);
        if let Some(From::Hl7v2 {
            events: stated,
            senders: named,
        }) = map.from.as_ref().map(|from| &from.value)
        {
            events = stated.iter().map(|event| event.value.clone()).collect();
            senders = named.iter().map(|sender| sender.value.clone()).collect();
        }
        if let Some(To::Record(name)) = map.to.as_ref().map(|to| &to.value) {
            record = Some(name.value.clone());
        }
    }
    let map = compiler.current().map(|unit| &unit.map);
    let result = Compiled {
        trace: compiler.trace.finished(),
        plan: compiler.plan,
        events,
        senders,
        record,
        key: map
            .and_then(|map| map.key.as_ref())
            .map(|key| key.value.clone()),
    };
    let mut diagnostics = compiler.diagnostics;
    diagnostics.sort_by_key(|one| (one.line, one.column, one.code));
    diagnostics.dedup();
    (result, diagnostics)
}

/// Whether a file has types only.
pub fn is_library(map: &MapFile) -> bool {
    map.blocks
        .iter()
        .all(|block| matches!(block.kind, BlockKind::Type { .. }))
}

impl Compiler<'_> {
    fn header(&mut self, map: &MapFile) {
        let span = map
            .title
            .as_ref()
            .map_or(Span::default(), |(name, _)| name.span);
        if is_library(map) {
            return;
        }
        let from = map.from.as_ref().map(|from| &from.value);
        let to = map.to.as_ref().map(|to| &to.value);
        match (from, to) {
            (None, _) => self.fault(span, codes::HEADER, "the map has no `from` line"),
            (_, None) => self.fault(span, codes::HEADER, "the map has no `to` line"),
            (Some(From::Hl7v2 { .. }), Some(To::Record(name))) => {
                let message = "records are made of FHIR resources; write `to fhir R4`";
                self.fault(name.span, codes::VERSION_LIMIT, message);
            }
            (Some(From::Fhir { .. }), Some(To::Fhir)) => {
                let message =
                    "FHIR to FHIR is not accepted by this version; write `to record NAME`";
                self.fault(span, codes::VERSION_LIMIT, message);
            }
            (Some(From::Hl7v2 { events, .. }), Some(To::Fhir)) => {
                if events.is_empty() {
                    let message = "name the events: from hl7v2 ADT^A01,A04";
                    self.fault(span, codes::HEADER, message);
                }
                self.wrong_blocks(&map.blocks, "record", "resource");
            }
            (Some(From::Fhir { .. }), Some(To::Record(kind))) => {
                self.record_schema(kind);
                self.wrong_blocks(&map.blocks, "resource", "record");
            }
        }
    }

    fn wrong_blocks(&mut self, blocks: &[Block], wrong: &str, right: &str) {
        for block in blocks {
            let is_wrong = match &block.kind {
                BlockKind::Resource(_) => wrong == "resource",
                BlockKind::Record(_) => wrong == "record",
                BlockKind::Type { .. } | BlockKind::Part(_) | BlockKind::Each(_) => false,
            };
            if is_wrong {
                let message = format!("this map makes `{right}` blocks, not `{wrong}` blocks");
                self.fault(block.span, codes::MISPLACED, message);
            }
        }
    }

    fn names_once(&mut self, map: &MapFile) {
        let tables: Vec<&Word> = map.tables.iter().map(|table| &table.name).collect();
        let constants: Vec<&Word> = map.constants.iter().map(|(name, _)| name).collect();
        let mut aliases = Vec::new();
        block_names(&map.blocks, &mut aliases);
        for names in [tables, constants, aliases] {
            for (at, name) in names.iter().enumerate() {
                if names
                    .iter()
                    .take(at)
                    .any(|before| before.value == name.value)
                {
                    let message = format!("`{}` is declared twice", name.value);
                    self.fault(name.span, codes::HEADER, message);
                }
            }
        }
    }

    fn tables_readable(&mut self, map: &MapFile) {
        for table in &map.tables {
            let problem = match self.sources.tables.get(&table.file.value) {
                Some(Ok(_)) => continue,
                Some(Err(problem)) => problem.clone(),
                None => "there is no such file below the mappings folder".to_owned(),
            };
            self.fault(table.file.span, codes::TABLE_FILE, problem);
        }
    }

    fn aliases(&mut self, map: &MapFile) -> Vec<Alias> {
        let Some(From::Fhir { aliases }) = map.from.as_ref().map(|from| &from.value) else {
            return Vec::new();
        };
        let mut found: Vec<Alias> = Vec::new();
        for (resource, alias) in aliases {
            if Definitions::r4().structure(&resource.value).is_none() {
                let message = format!("R4 has no resource `{}`", resource.value);
                self.fault(resource.span, codes::ELEMENT, message);
                continue;
            }
            if found.iter().any(|known| known.name == alias.value) {
                self.fault(alias.span, codes::HEADER, "this alias stands twice");
            }
            let Some(path) = self.parse_element(resource, &resource.value) else {
                continue;
            };
            self.plan.aliases.push(resource.value.clone());
            let start = ElementStart::Alias(self.plan.aliases.len() - 1);
            found.push(Alias {
                name: alias.value.clone(),
                start,
                path,
            });
        }
        found
    }

    /// `key` names a required row of the record.
    fn key(&mut self, map: &MapFile) {
        let Some(key) = &map.key else { return };
        let mut found = false;
        for item in &self.plan.items {
            if let TopPlan::Resource(record) = item {
                found |= record.items.iter().any(|item| {
                    matches!(item, ItemPlan::Row(row)
                        if *row.target.text == *key.value && row.required)
                });
            }
        }
        if !found {
            let message = "the key must be a `required` row of the record";
            self.fault(key.span, codes::KEY, message);
        }
    }
}

/// The resource blocks in the order in which they are compiled.
fn named_blocks(blocks: &[Block]) -> Vec<NamedBlock> {
    let mut named = Vec::new();
    for block in blocks {
        match &block.kind {
            BlockKind::Resource(name) | BlockKind::Record(name) => named.push(NamedBlock {
                alias: block.alias.as_ref().map(|alias| alias.value.clone()),
                resource: name.value.clone(),
                has_id: has_id(&block.items),
            }),
            BlockKind::Each(_) => {
                let inner: Vec<Block> = inner_blocks(block).cloned().collect();
                named.extend(named_blocks(&inner));
            }
            BlockKind::Type { .. } | BlockKind::Part(_) => {}
        }
    }
    named
}

fn inner_blocks(block: &Block) -> impl Iterator<Item = &Block> {
    block.items.iter().filter_map(|item| match item {
        Item::Block(block) => Some(block),
        Item::Row(_) | Item::Choose(_) | Item::Notice(_) => None,
    })
}

fn block_names<'m>(blocks: impl IntoIterator<Item = &'m Block>, names: &mut Vec<&'m Word>) {
    for block in blocks {
        match &block.kind {
            BlockKind::Resource(_) => names.extend(&block.alias),
            BlockKind::Each(_) => {
                for inner in inner_blocks(block) {
                    block_names([inner], names);
                }
            }
            BlockKind::Record(_) | BlockKind::Type { .. } | BlockKind::Part(_) => {}
        }
    }
}

fn has_id(items: &[Item]) -> bool {
    items.iter().any(|item| match item {
        Item::Row(row) => {
            row.target.value == "id"
                && row
                    .source
                    .iter()
                    .flatten()
                    .any(|operand| matches!(operand, Operand::Path(_)))
        }
        Item::Block(_) | Item::Choose(_) | Item::Notice(_) => false,
    })
}
