//! Compiles the blocks at the top of a map: resources, records, and segment groups opened by
//! `each`. What stands in them is compiled in `items`.

use isthmus_fhir::definitions::r4::Definitions;
use isthmus_fhir::definitions::rows::Kind;
use isthmus_fhir::definitions::structure::Structure;
use isthmus_fhir::spelling::nearest;

use crate::ast::{Block, BlockKind, Choose, From, Item, Per, Row};
use crate::codes;
use crate::compile::compiler::Compiler;
use crate::compile::groups;
use crate::compile::scope::{Alias, Scope, Target};
use crate::compile::trace::{ReadPath, SourceRead};
use crate::plan::{ConditionPlan, EachPlan, ItemPlan, ResourcePlan, RowPlan, TopPlan};
use crate::plan_path::ElementStart;
use crate::span::Word;

impl Compiler<'_> {
    /// Compiles blocks at the top or in `each`; types are compiled where rows cast to them.
    pub fn top(&mut self, blocks: &[&Block], scope: &Scope) -> Vec<TopPlan> {
        blocks
            .iter()
            .flat_map(|block| self.top_block(block, scope))
            .collect()
    }

    fn top_block(&mut self, block: &Block, scope: &Scope) -> Vec<TopPlan> {
        let plan = match &block.kind {
            BlockKind::Each(group) => self.each(block, group, scope).map(TopPlan::Each),
            BlockKind::Resource(name) => {
                let plan = self.resource(block, name, scope);
                let plans = plan.into_iter().flat_map(by_id_row);
                return plans.map(Box::new).map(TopPlan::Resource).collect();
            }
            BlockKind::Record(name) => self
                .record(block, name, scope)
                .map(Box::new)
                .map(TopPlan::Resource),
            BlockKind::Type { .. } => None,
            BlockKind::Part(_) => {
                let message = "a part stands in a resource, type or part";
                self.fault(block.span, codes::MISPLACED, message);
                None
            }
        };
        plan.into_iter().collect()
    }

    fn each(&mut self, block: &Block, group: &Word, scope: &Scope) -> Option<EachPlan> {
        let names = if group.value.is_empty() {
            Vec::new()
        } else {
            self.groups(group)?
        };
        if let Some(word) = block
            .alias
            .as_ref()
            .or(block.per.as_ref().map(|per| &per.path))
        {
            self.fault(
                word.span,
                codes::EXPECTED,
                "`each GROUP` takes `when` and nothing else",
            );
        }
        let mut inner = scope.clone();
        let mut reads = Vec::new();
        let when = self.when(block.when.as_ref(), &inner, &mut reads);
        self.note_reads(&reads, block.span);
        inner.conditions.extend(reads);
        let mut items = Vec::new();
        for item in &block.items {
            match item {
                Item::Block(block) => items.extend(self.top_block(block, &inner)),
                Item::Notice(notice) => {
                    items.extend(self.notice(notice, &inner).map(TopPlan::Notice));
                }
                Item::Row(Row { span, .. }) | Item::Choose(Choose { span, .. }) => {
                    let message = "rows stand in a `resource` block below `each`";
                    self.fault(*span, codes::MISPLACED, message);
                }
            }
        }
        if when.is_none() && block.when.is_some() {
            return None;
        }
        Some(EachPlan {
            groups: names,
            when,
            items,
            row: self.block_number(block.span),
        })
    }

    fn groups(&mut self, group: &Word) -> Option<Vec<&'static str>> {
        let from = self.current()?.map.from.as_ref().map(|from| &from.value);
        let Some(From::Hl7v2 { events, .. }) = from else {
            let message = "`each` opens a segment group of an HL7 v2 message";
            self.fault(group.span, codes::MISPLACED, message);
            return None;
        };
        let events: Vec<&str> = events.iter().map(|event| event.value.as_str()).collect();
        let names = groups::names(&events, &group.value);
        if !names.is_empty() {
            return Some(names);
        }
        let known = groups::known(&events);
        let near = nearest(&group.value, known.iter().copied());
        let help = match near.first() {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", known.join(", ")),
        };
        let message = format!("no structure of these events has a group `{}`", group.value);
        self.fault_with(group.span, codes::GROUP, message, help);
        None
    }

    fn resource(&mut self, block: &Block, name: &Word, scope: &Scope) -> Option<ResourcePlan> {
        let number = self.plan.blocks;
        self.plan.blocks += 1;
        let structure = Definitions::r4().structure(&name.value);
        let is_resource = |kind: Kind| kind == Kind::Resource;
        let Some(structure) = structure.filter(|s| is_resource(s.kind()) && !s.is_abstract())
        else {
            let all = Definitions::r4()
                .structures()
                .filter(|s| is_resource(s.kind()));
            let near = nearest(&name.value, all.map(Structure::name));
            let help = near
                .first()
                .map_or_else(String::new, |near| format!("did you mean `{near}`?"));
            let message = format!("R4 has no resource `{}`", name.value);
            self.fault_with(name.span, codes::ELEMENT, message, help);
            return None;
        };
        let target = Target::Fhir {
            root: structure.name(),
            steps: Vec::new(),
        };
        let mut inner = scope.inner(target, structure.name().to_owned());
        let plan = self.body(block, structure.name(), number, scope, &mut inner);
        let elements: Vec<_> = structure.elements().collect();
        self.requirements(&elements, &block.items, block.span, &[]);
        plan
    }

    fn record(&mut self, block: &Block, name: &Word, scope: &Scope) -> Option<ResourcePlan> {
        let number = self.plan.blocks;
        self.plan.blocks += 1;
        if !self.reads_fhir() {
            let message = "a record is made of FHIR resources; start with `from fhir R4 ...`";
            self.fault(name.span, codes::MISPLACED, message);
            return None;
        }
        if let Some(alias) = &block.alias {
            self.fault(
                alias.span,
                codes::EXPECTED,
                "a record has no name: nothing refers to it",
            );
        }
        let mut inner = scope.inner(Target::Record, String::new());
        self.body(block, "", number, scope, &mut inner)
    }

    fn body(
        &mut self,
        block: &Block,
        name: &'static str,
        number: usize,
        scope: &Scope,
        inner: &mut Scope,
    ) -> Option<ResourcePlan> {
        let mut reads = Vec::new();
        let per = match &block.per {
            Some(per) => {
                let plan = self.per(&per.path, scope, inner, &mut reads)?;
                self.per_alias(per, scope, inner, &reads);
                Some(plan)
            }
            None => None,
        };
        let when = self.when(block.when.as_ref(), inner, &mut reads);
        self.note_reads(&reads, block.span);
        inner.conditions.extend(reads);
        let items = self.items(&block.items, inner);
        let id = id_rows(&items).next().cloned();
        if when.is_none() && block.when.is_some() {
            return None;
        }
        Some(ResourcePlan {
            block: number,
            name,
            per,
            when,
            id,
            items,
            slots: inner.slots.len(),
            row: self.block_number(block.span),
        })
    }

    /// `per p.name as n` lets paths start with `n`; `per p` alone needs no name.
    fn per_alias(&mut self, per: &Per, scope: &Scope, inner: &mut Scope, reads: &[SourceRead]) {
        let Some(ReadPath::Element(path)) = reads.first().map(|read| read.path.clone()) else {
            if let Some(alias) = &per.alias {
                let message = "below `per` of a field, paths start with a dot; leave `as` out";
                self.fault(alias.span, codes::EXPECTED, message);
            }
            return;
        };
        let head = scope
            .aliases
            .iter()
            .find(|alias| alias.name == per.path.value);
        if path.steps.is_empty() {
            let start = head.map_or(ElementStart::Current, |alias| alias.start);
            if let Some(alias) = &per.alias {
                inner.aliases.push(Alias {
                    name: alias.value.clone(),
                    start,
                    path,
                });
            }
            return;
        }
        let Some(alias) = &per.alias else {
            let message = "name the current one: per PATH as NAME";
            self.fault(per.path.span, codes::EXPECTED, message);
            return;
        };
        let start = ElementStart::Current;
        inner.aliases.push(Alias {
            name: alias.value.clone(),
            start,
            path,
        });
    }
}

/// The rows that write `id`, stand directly in the block and depend on the message.
fn id_rows(items: &[ItemPlan]) -> impl Iterator<Item = &RowPlan> {
    items.iter().filter_map(|item| match item {
        ItemPlan::Row(row) if &*row.target.text == "id" && !row.constant => Some(row),
        ItemPlan::Row(_) | ItemPlan::Part(_) | ItemPlan::Choose(_) | ItemPlan::Notice(_) => None,
    })
}

/// A plan that has one `id` row. A block with several, of which at most one applies, becomes one
/// plan for each under that row's condition, and one for when none applies: references need to
/// know the id before any row is carried out.
fn by_id_row(plan: ResourcePlan) -> Vec<ResourcePlan> {
    let rows: Vec<&RowPlan> = id_rows(&plan.items).collect();
    if rows.len() < 2 {
        return vec![plan];
    }
    let under = |id: Option<RowPlan>, condition: Option<ConditionPlan>| {
        let all: Vec<_> = plan.when.iter().cloned().chain(condition).collect();
        ResourcePlan {
            id,
            when: Some(ConditionPlan::All(all)),
            ..plan.clone()
        }
    };
    let conditions: Vec<_> = rows.iter().filter_map(|row| row.when.clone()).collect();
    let without = ConditionPlan::Not(Box::new(ConditionPlan::Any(conditions)));
    let with = rows
        .iter()
        .map(|row| under(Some((*row).clone()), row.when.clone()));
    with.chain([under(None, Some(without))]).collect()
}
