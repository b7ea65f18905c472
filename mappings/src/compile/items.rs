//! Compiles what stands in a block: rows, parts, `choose`, `warn` and `reject`; and checks that
//! the elements that R4 requires are written.

use std::sync::Arc;

use isthmus_core::span::Span;
use isthmus_fhir::definitions::element_definition::ElementDefinition;
use isthmus_fhir::definitions::r4::Definitions;
use isthmus_fhir::path::syntax::{ElementPath, Selector};

use crate::ast::{Block, BlockKind, Choose, Item, Notice};
use crate::codes;
use crate::compile::compiler::Compiler;
use crate::compile::scope::{Current, Scope, Target};
use crate::compile::source_path::SourcePath;
use crate::compile::trace::{ReadPath, SourceRead};
use crate::plan::{ChoosePlan, ItemPlan, NoticePlan, PartPlan};
use crate::plan_path::PathPlan;
use crate::span::Word;

impl Compiler<'_> {
    /// Compiles the items of a block, in order.
    pub fn items(&mut self, items: &[Item], scope: &mut Scope) -> Vec<ItemPlan> {
        items
            .iter()
            .filter_map(|item| self.item(item, scope))
            .collect()
    }

    fn item(&mut self, item: &Item, scope: &mut Scope) -> Option<ItemPlan> {
        match item {
            Item::Row(row) => self.row(row, scope).map(ItemPlan::Row),
            Item::Choose(choose) => self.choose(choose, scope).map(ItemPlan::Choose),
            Item::Notice(notice) => self.notice(notice, scope).map(ItemPlan::Notice),
            Item::Block(block) => {
                if let BlockKind::Part(target) = &block.kind {
                    return self.part(block, target, scope).map(ItemPlan::Part);
                }
                let message = "only rows, `part`, `choose`, `warn` and `reject` stand in a block";
                self.fault(block.span, codes::MISPLACED, message);
                None
            }
        }
    }

    /// Compiles `warn` or `reject`.
    pub fn notice(&mut self, notice: &Notice, scope: &Scope) -> Option<NoticePlan> {
        let mut reads = Vec::new();
        let when = self.when(notice.when.as_ref(), scope, &mut reads);
        self.note_reads(&reads, notice.span);
        if when.is_none() && notice.when.is_some() {
            return None;
        }
        Some(NoticePlan {
            reject: notice.reject,
            text: Arc::from(notice.text.value.as_str()),
            when,
            row: self.block_number(notice.span),
        })
    }

    fn choose(&mut self, choose: &Choose, scope: &mut Scope) -> Option<ChoosePlan> {
        let path = self.path(&choose.path, scope);
        let path = path.filter(|path| {
            if path.complex {
                let message = "`choose` looks at one value: name a field or element";
                self.fault(choose.path.span, codes::TYPE, message);
            }
            !path.complex
        });
        let reads = path
            .as_ref()
            .map(SourcePath::control_reads)
            .unwrap_or_default();
        self.note_reads(&reads, choose.span);
        let outer = scope.conditions.len();
        scope.conditions.extend(reads);
        self.chooses += 1;
        let number = self.chooses;
        let mut seen: Vec<&str> = Vec::new();
        let mut cases = Vec::new();
        for (at, case) in choose.cases.iter().enumerate() {
            for value in &case.values {
                if seen.contains(&value.value.as_str()) {
                    let message = "this value has a case above";
                    self.fault(value.span, codes::DUPLICATE, message);
                }
                seen.push(&value.value);
            }
            scope.branch.push((number, at));
            let items = self.items(&case.items, scope);
            scope.branch.pop();
            cases.push((
                case.values
                    .iter()
                    .map(|value| value.value.clone())
                    .collect(),
                items,
            ));
        }
        scope.branch.push((number, choose.cases.len()));
        let otherwise = self.items(&choose.otherwise, scope);
        scope.branch.pop();
        scope.conditions.truncate(outer);
        Some(ChoosePlan {
            path: path?.plan,
            cases,
            otherwise,
        })
    }

    fn part(&mut self, block: &Block, word: &Word, scope: &mut Scope) -> Option<PartPlan> {
        let Target::Fhir { root, steps } = scope.target.clone() else {
            self.fault(
                block.span,
                codes::MISPLACED,
                "a record has no parts; write dotted paths",
            );
            return None;
        };
        if let Some(alias) = &block.alias {
            self.fault(
                alias.span,
                codes::EXPECTED,
                "a part has no name: nothing refers to it",
            );
        }
        let target = self.target(word, scope)?;
        if target.primitive {
            self.fault(
                word.span,
                codes::TYPE,
                "this element is a single value: write a row",
            );
            return None;
        }
        let mut reads = Vec::new();
        let all = steps.iter().chain(&target.steps).cloned().collect();
        let label = scope.labelled(&target.plan.text);
        let mut inner = scope.inner(Target::Fhir { root, steps: all }, label);
        let per = match &block.per {
            Some(per) => Some(self.per(&per.path, scope, &mut inner, &mut reads)?),
            None => None,
        };
        let when = self.when(block.when.as_ref(), &inner, &mut reads);
        self.note_reads(&reads, block.span);
        inner.conditions.extend(reads);
        let items = self.items(&block.items, &mut inner);
        self.part_requirements(block, &inner);
        if when.is_none() && block.when.is_some() {
            return None;
        }
        Some(PartPlan {
            target: target.plan,
            per,
            when,
            items,
            slots: inner.slots.len(),
            row: self.block_number(block.span),
        })
    }

    /// Compiles `per PATH`; below a field the inner scope is about its repetition.
    pub fn per(
        &mut self,
        word: &Word,
        scope: &Scope,
        inner: &mut Scope,
        reads: &mut Vec<SourceRead>,
    ) -> Option<PathPlan> {
        let path = self.path(word, scope)?;
        reads.extend(path.presence_reads());
        let is_segment = matches!(&path.read, ReadPath::Segment(read) if read.field.is_none());
        if !is_segment {
            inner.current = Some(Current {
                datatype: path.datatype,
                base: path.read.clone(),
            });
        }
        Some(path.plan)
    }

    fn part_requirements(&mut self, block: &Block, inner: &Scope) {
        let Target::Fhir { root, steps } = &inner.target else {
            return;
        };
        let path = ElementPath {
            head: None,
            steps: steps.clone(),
        };
        let Ok(resolved) = path.resolve(Definitions::r4(), root) else {
            return;
        };
        let Some(leaf) = resolved.leaf() else { return };
        let keys: Vec<&str> = match steps.last().map(|step| &step.selector) {
            Some(Selector::Keys(keys)) => keys
                .iter()
                .filter_map(|key| key.path.first().map(String::as_str))
                .collect(),
            _ => Vec::new(),
        };
        self.requirements(&leaf.elements(), &block.items, block.span, &keys);
    }

    /// Complains of elements that R4 requires and no row writes.
    pub fn requirements(
        &mut self,
        elements: &[ElementDefinition],
        items: &[Item],
        span: Span,
        keys: &[&str],
    ) {
        let mut written = Vec::new();
        first_names(items, &mut written);
        written.extend_from_slice(keys);
        let missing = elements
            .iter()
            .filter(|element| element.min() > 0)
            .filter(|element| {
                let names = element.member_names();
                !written
                    .iter()
                    .any(|name| names.iter().any(|known| known == name))
            });
        let missing: Vec<&str> = missing.map(|element| element.name()).collect();
        if !missing.is_empty() {
            let message = format!(
                "R4 requires `{}` and no row writes it",
                missing.join("`, `")
            );
            self.fault(span, codes::REQUIRED_ELEMENT, message);
        }
    }
}

/// The names of the elements directly below a block that its rows and parts write.
fn first_names<'i>(items: &'i [Item], names: &mut Vec<&'i str>) {
    let first = |word: &'i Word| word.value.split(['.', '[']).next().unwrap_or_default();
    for item in items {
        match item {
            Item::Row(row) => names.push(first(&row.target)),
            Item::Block(block) => {
                if let BlockKind::Part(target) = &block.kind {
                    names.push(first(target));
                }
            }
            Item::Choose(choose) => {
                for case in &choose.cases {
                    first_names(&case.items, names);
                }
                first_names(&choose.otherwise, names);
            }
            Item::Notice(_) => {}
        }
    }
}
