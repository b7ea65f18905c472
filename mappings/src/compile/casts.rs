//! Finds and compiles the `type` blocks that rows cast to, once each, and refuses circles.
//! The rows inside a type are compiled like all others, in `items`.

use isthmus_fhir::definitions::r4::Definitions;
use isthmus_fhir::definitions::structure::Structure;
use isthmus_fhir::spelling::nearest;

use crate::ast::{Block, BlockKind};
use crate::codes;
use crate::compile::compiler::{Compiler, TypeFacts, TypeState};
use crate::compile::scope::{Current, Scope, Target};
use crate::compile::segment_path;
use crate::compile::trace::{ReadPath, SourceTrace};
use crate::plan::TypePlan;
use crate::span::Word;

impl Compiler<'_> {
    /// The type that maps values to this FHIR type: `CX`, or `CWE-Quantity` with its target.
    pub fn cast(&mut self, word: &Word, target: &str) -> Option<usize> {
        let Some((unit, block)) = self.find_type(&word.value, target) else {
            let known = self.types_to(target);
            let near = nearest(&word.value, known.iter().map(String::as_str));
            let help = match near.first() {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write it: type X to Y, or `use` the library that has it".to_owned(),
            };
            let message = format!(
                "no `type {} to {target}` in this file or its libraries",
                word.value
            );
            self.fault_with(word.span, codes::CAST, message, help);
            return None;
        };
        match self.types.get(&(unit, block)) {
            Some(TypeState::Done(at)) => Some(*at),
            Some(TypeState::Open) => {
                let message = "types that cast to each other in a circle never end";
                self.fault(word.span, codes::USE_CIRCLE, message);
                None
            }
            None => self.type_of_unit(unit, block),
        }
    }

    fn find_type(&self, name: &str, target: &str) -> Option<(usize, usize)> {
        let uses = self
            .current()
            .map(|unit| unit.uses.as_slice())
            .unwrap_or_default();
        let units = std::iter::once(self.unit).chain(uses.iter().copied());
        let matches = |block: &Block| match &block.kind {
            BlockKind::Type { from, to } if to.value == target => {
                from.value == name || name.strip_suffix(target) == Some(&format!("{}-", from.value))
            }
            BlockKind::Resource(_)
            | BlockKind::Record(_)
            | BlockKind::Type { .. }
            | BlockKind::Part(_)
            | BlockKind::Each(_) => false,
        };
        let mut found = units.filter_map(|unit| {
            let blocks = &self.sources.units.get(unit)?.map.blocks;
            blocks.iter().position(matches).map(|block| (unit, block))
        });
        found.next()
    }

    fn types_to(&self, target: &str) -> Vec<String> {
        let uses = self
            .current()
            .map(|unit| unit.uses.as_slice())
            .unwrap_or_default();
        let units = std::iter::once(self.unit).chain(uses.iter().copied());
        let blocks = units.filter_map(|unit| self.sources.units.get(unit));
        let blocks = blocks.flat_map(|unit| &unit.map.blocks);
        let names = blocks.filter_map(|block| match &block.kind {
            BlockKind::Type { from, to } if to.value == target => Some(from.value.clone()),
            BlockKind::Resource(_)
            | BlockKind::Record(_)
            | BlockKind::Type { .. }
            | BlockKind::Part(_)
            | BlockKind::Each(_) => None,
        });
        names.collect()
    }

    fn type_of_unit(&mut self, unit: usize, block: usize) -> Option<usize> {
        let before = self.unit;
        let foreign = usize::from(unit != before);
        self.unit = unit;
        self.quiet += foreign;
        let found = self.compile_type(block);
        self.quiet -= foreign;
        self.unit = before;
        found
    }

    /// Compiles the type block at this place of the file being read.
    pub fn compile_type(&mut self, block: usize) -> Option<usize> {
        let key = (self.unit, block);
        if let Some(TypeState::Done(at)) = self.types.get(&key) {
            return Some(*at);
        }
        let block = self.current()?.map.blocks.get(block)?;
        let BlockKind::Type { from, to } = &block.kind else {
            return None;
        };
        let datatype = self.source_datatype(from);
        let Some(root) = Definitions::r4().structure(&to.value) else {
            let names = Definitions::r4().structures().map(Structure::name);
            let near = nearest(&to.value, names);
            let help = near
                .first()
                .map_or_else(String::new, |near| format!("did you mean `{near}`?"));
            self.fault_with(to.span, codes::ELEMENT, "R4 has no such type", help);
            return None;
        };
        if self.types.insert(key, TypeState::Open).is_some() {
            return None;
        }
        let outer = std::mem::take(&mut self.trace);
        let target = Target::Fhir {
            root: root.name(),
            steps: Vec::new(),
        };
        let mut scope = Scope::new(target, String::new());
        scope.current = Some(Current {
            datatype,
            base: ReadPath::Relative(None),
        });
        if block.per.is_some() || block.when.is_some() || block.alias.is_some() {
            let message = "`type X to Y` stands alone: no `as`, `per` or `when`";
            self.fault(block.span, codes::EXPECTED, message);
        }
        let items = self.items(&block.items, &mut scope);
        let trace: SourceTrace = std::mem::replace(&mut self.trace, outer);
        let writes = scope
            .writes
            .iter()
            .map(|write| write.path.clone())
            .collect();
        self.type_facts.push(TypeFacts { trace, writes });
        self.plan.types.push(TypePlan {
            items,
            slots: scope.slots.len(),
        });
        let at = self.plan.types.len() - 1;
        self.types.insert(key, TypeState::Done(at));
        Some(at)
    }

    /// The HL7 datatype of a type's source. Names in capitals are HL7's; others are the map's own.
    fn source_datatype(&mut self, from: &Word) -> Option<&'static str> {
        let is_capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        if !from.value.chars().all(is_capital) {
            return None;
        }
        let found = segment_path::datatype(&from.value);
        if found.is_none() {
            let message = format!("HL7 v2 has no datatype `{}`", from.value);
            let help = "names of your own have small letters";
            self.fault_with(from.span, codes::FIELD, message, help);
        }
        found
    }
}
