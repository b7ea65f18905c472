//! Compiles rows: target, source, cast and functions together, and what fits where.
//! The parts of a row are compiled in `target`, `source`, `casts` and `function`.

use isthmus_fhir::spelling::nearest;

use crate::ast::Row;
use crate::codes;
use crate::compile::compiler::Compiler;
use crate::compile::function;
use crate::compile::scope::Scope;
use crate::compile::source::RowSource;
use crate::compile::source_path::SourcePath;
use crate::compile::target::RowTarget;
use crate::compile::trace::{SourceLineage, SourceRead};
use crate::functions::call::{Body, Kind};
use crate::plan::{FunctionPlan, Leaf, RowPlan};
use crate::reads::Purpose;
use crate::span::Word;

impl Compiler<'_> {
    /// Compiles a row; complains and gives none when it is wrong.
    pub fn row(&mut self, row: &Row, scope: &mut Scope) -> Option<RowPlan> {
        let target = self.target(&row.target, scope);
        let source = self.source(&row.source, scope);
        let functions: Vec<_> = row
            .functions
            .iter()
            .map(|call| self.function(call))
            .collect();
        let mut conditions = Vec::new();
        let when = self.when(row.when.as_ref(), scope, &mut conditions);
        let when_failed = when.is_none() && row.when.is_some();
        let functions: Vec<FunctionPlan> = functions.into_iter().collect::<Option<_>>()?;
        let (target, source) = (target?, source?);
        let cast = match &row.cast {
            Some(word) => Some(self.row_cast(word, &target)?),
            None => None,
        };
        let leaf = self.leaf(row, &target, &source, cast, &functions)?;
        self.check_count(row, &target, &source, cast, &functions);
        self.check_codes(row, &target, &source, &functions);
        self.check_duplicate(row, &target, cast, scope);
        self.trace_row(row, &target, &source, cast, &functions, &conditions, scope);
        if when_failed {
            return None;
        }
        Some(RowPlan {
            row: self.row_number(row.span),
            takes_all: target.takes_all,
            target: target.plan,
            constant: source.is_constant(),
            source: source.plan,
            cast,
            functions,
            required: row.required,
            when,
            leaf,
        })
    }

    fn row_cast(&mut self, word: &Word, target: &RowTarget) -> Option<usize> {
        let leaf_type = target.leaf_type.filter(|_| !target.primitive);
        let Some(leaf_type) = leaf_type else {
            let message = "a type maps to an element with members; this is a single value";
            self.fault_with(word.span, codes::TYPE, message, "use functions: PATH | fn");
            return None;
        };
        self.cast(word, leaf_type)
    }

    /// How the row's value is written; complains when it does not fit.
    fn leaf(
        &mut self,
        row: &Row,
        target: &RowTarget,
        source: &RowSource,
        cast: Option<usize>,
        functions: &[FunctionPlan],
    ) -> Option<Leaf> {
        if target.is_resource_id
            && source
                .references
                .iter()
                .any(|one| *one + 1 >= self.plan.blocks)
        {
            let message = "an id may be made of references to blocks above it only";
            self.fault(row.span, codes::REFERENCE, message);
            return None;
        }
        // Behind a function a reference is a text like any other.
        if !source.references.is_empty() && functions.is_empty() {
            return self.reference_leaf(row, target, source);
        }
        if cast.is_some() {
            if let Some(function) = row.functions.first() {
                let message = "functions and a type do not go together; put them into the type";
                self.fault(function.span, codes::TYPE, message);
                return None;
            }
            return Some(Leaf::Complex);
        }
        if source.paths.iter().any(|path| path.complex) {
            let message = "this source has no value of its own; name one of its fields or elements";
            self.fault(row.span, codes::TYPE, message);
            return None;
        }
        if !target.primitive {
            let leaf_type = target.leaf_type.unwrap_or_default();
            let message = format!("this element is a {leaf_type}, not a single value");
            let help = "map a type (`: CX`) or go on to one of its elements";
            self.fault_with(row.target.span, codes::TYPE, message, help);
            return None;
        }
        self.value_leaf(row, target, source, functions)
    }

    fn reference_leaf(
        &mut self,
        row: &Row,
        target: &RowTarget,
        source: &RowSource,
    ) -> Option<Leaf> {
        let is_reference = target.leaf_type == Some("Reference");
        let is_text = target.primitive && target.leaf_type == Some("string");
        if !is_reference && !is_text {
            let message = "`ref` and `refs` go to an element of type Reference";
            self.fault(row.target.span, codes::TYPE, message);
            return None;
        }
        for block in &source.references {
            let Some(block) = self.blocks.get(*block) else {
                continue;
            };
            let any = target.referable.is_empty() || target.referable.contains(&"Resource");
            if !any && !target.referable.contains(&block.resource.as_str()) {
                let resource = block.resource.clone();
                let message = format!("this element does not refer to a {resource}");
                let help = format!("it refers to {}", target.referable.join(", "));
                self.fault_with(row.target.span, codes::TYPE, message, help);
                return None;
            }
        }
        Some(if is_reference {
            Leaf::Reference
        } else {
            Leaf::Text
        })
    }

    fn value_leaf(
        &mut self,
        row: &Row,
        target: &RowTarget,
        source: &RowSource,
        functions: &[FunctionPlan],
    ) -> Option<Leaf> {
        let last = functions.last().map(|function| function.definition.output);
        let kinds = last.map_or_else(|| source.kinds.clone(), |kind| vec![kind]);
        let Some(leaf_type) = target.leaf_type else {
            return Some(record_leaf(&kinds));
        };
        if let Some(kind) = kinds.iter().find(|kind| !fits(**kind, leaf_type)) {
            let message = format!(
                "a {} does not fit an element of type {leaf_type}",
                name(*kind)
            );
            self.fault_with(row.span, codes::TYPE, message, remedy(leaf_type));
            return None;
        }
        Some(match leaf_type {
            "boolean" => Leaf::Boolean,
            "decimal" | "integer" | "positiveInt" | "unsignedInt" => Leaf::Number,
            _ if target.is_resource_id => Leaf::Id,
            _ => Leaf::Text,
        })
    }

    fn check_count(
        &mut self,
        row: &Row,
        target: &RowTarget,
        source: &RowSource,
        cast: Option<usize>,
        functions: &[FunctionPlan],
    ) {
        let gathers = |function: &FunctionPlan| {
            matches!(
                function.definition.body,
                Body::Gather(_) | Body::GatherArguments(_)
            )
        };
        let arguments = source.plan.len() > 1;
        let takes_arguments = functions.first().is_some_and(gathers);
        if arguments && (!takes_arguments || cast.is_some()) {
            let message = "several arguments need a function that takes them first: uuid5, hmac, \
                           join or lines";
            self.fault(row.span, codes::ARGUMENTS, message);
        }
        let gathered = functions.iter().any(gathers);
        if source.repeats && !target.takes_all && !gathered && !arguments {
            let help = "write `[0]` on the source, or `[]` on the target";
            let span = row.span;
            self.warn(
                span,
                codes::FIRST_OF_MANY,
                "only the first of several is taken",
                help,
            );
        }
    }

    fn check_codes(
        &mut self,
        row: &Row,
        target: &RowTarget,
        source: &RowSource,
        functions: &[FunctionPlan],
    ) {
        let Some(codes) = &target.codes else { return };
        let last = functions.last();
        let table = last
            .filter(|last| last.definition.name == "table")
            .and_then(|last| last.table);
        let mut given: Vec<String> = Vec::new();
        if let Some(table) = table.and_then(|table| self.plan.tables.get(table)) {
            given.extend(table.targets().map(str::to_owned));
        } else if last.is_none() {
            given.clone_from(&source.literals);
        }
        let wrong = given.iter().find(|code| !codes.contains(&code.as_str()));
        if let Some(wrong) = wrong {
            let near = nearest(wrong, codes.iter().copied());
            let known = if near.is_empty() { codes.clone() } else { near };
            let message = format!("`{wrong}` is not one of the codes that R4 requires here");
            let help = format!("known are {}", known.join(", "));
            self.fault_with(row.span, codes::BINDING, message, help);
        }
    }

    fn check_duplicate(
        &mut self,
        row: &Row,
        target: &RowTarget,
        cast: Option<usize>,
        scope: &mut Scope,
    ) {
        let Some(path) = &target.canonical else {
            return;
        };
        let written = cast
            .and_then(|cast| self.type_facts.get(cast))
            .map(|facts| &facts.writes);
        let paths: Vec<String> = match written {
            // Each of several repetitions makes its own element.
            Some(_) if target.takes_all => return,
            Some(leaves) => leaves.iter().map(|leaf| format!("{path}.{leaf}")).collect(),
            None => vec![path.clone()],
        };
        for path in paths {
            let before = scope.write(path.clone(), row.when.clone(), row.target.span);
            if let Some(before) = before {
                let place = self.row_place(before);
                let message = format!("`{path}` is written by line {} too", place.line);
                let help = "join the sources with `//`, or put the rows in cases of one `choose`";
                self.fault_with(row.target.span, codes::DUPLICATE, message, help);
                return;
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a row has this many parts that read"
    )]
    fn trace_row(
        &mut self,
        row: &Row,
        target: &RowTarget,
        source: &RowSource,
        cast: Option<usize>,
        functions: &[FunctionPlan],
        conditions: &[SourceRead],
        scope: &Scope,
    ) {
        self.note_reads(conditions, row.span);
        self.trace.consents.extend(source.consents.iter().cloned());
        let place = self.row_place(row.span);
        let all: Vec<_> = scope.conditions.iter().chain(conditions).cloned().collect();
        let words = functions
            .iter()
            .map(|one| function::words(one, &self.plan.tables))
            .collect();
        let Some(facts) = cast.and_then(|cast| self.type_facts.get(cast)).cloned() else {
            let sources: Vec<_> = source
                .paths
                .iter()
                .flat_map(SourcePath::value_reads)
                .collect();
            self.note_reads(&sources, row.span);
            let (mut keys, values): (Vec<_>, Vec<_>) = sources
                .into_iter()
                .partition(|read| read.purpose == Purpose::Key);
            keys.extend(all);
            self.trace.lineage.push(SourceLineage {
                target: scope.labelled(&target.plan.text),
                sources: values,
                functions: words,
                conditions: keys,
                place,
            });
            return;
        };
        for path in &source.paths {
            let reads = facts
                .trace
                .reads
                .iter()
                .map(|(read, _)| read.onto(&path.read));
            let reads: Vec<_> = reads.chain(path.keys.iter().cloned()).collect();
            self.note_reads(&reads, row.span);
            for inner in &facts.trace.lineage {
                let onto = |reads: &[SourceRead]| {
                    reads
                        .iter()
                        .map(|read| read.onto(&path.read))
                        .collect::<Vec<_>>()
                };
                let mut conditions = onto(&inner.conditions);
                conditions.extend(path.keys.iter().chain(&all).cloned());
                self.trace.lineage.push(SourceLineage {
                    target: scope.labelled(&format!("{}.{}", target.plan.text, inner.target)),
                    sources: onto(&inner.sources),
                    functions: inner.functions.clone(),
                    conditions,
                    place: place.clone(),
                });
            }
        }
    }
}

fn record_leaf(kinds: &[Kind]) -> Leaf {
    let all = |wanted: &[Kind]| kinds.iter().all(|kind| wanted.contains(kind));
    if all(&[Kind::Boolean]) {
        Leaf::Boolean
    } else if all(&[Kind::Decimal, Kind::Integer]) {
        Leaf::Number
    } else {
        Leaf::Text
    }
}

fn fits(kind: Kind, leaf_type: &str) -> bool {
    match leaf_type {
        "boolean" => kind == Kind::Boolean,
        "decimal" => matches!(kind, Kind::Decimal | Kind::Integer),
        "integer" | "positiveInt" | "unsignedInt" => kind == Kind::Integer,
        "date" => kind == Kind::Date,
        "dateTime" => matches!(kind, Kind::Date | Kind::DateTime | Kind::Instant),
        "instant" => kind == Kind::Instant,
        "time" => kind == Kind::Time,
        _ => true,
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Date => "date",
        Kind::DateTime => "dateTime",
        Kind::Instant => "instant",
        Kind::Time => "time",
        Kind::Decimal => "decimal",
        Kind::Integer => "whole number",
        Kind::Boolean => "boolean",
    }
}

fn remedy(leaf_type: &str) -> String {
    let function = match leaf_type {
        "boolean" => "yes-no",
        "decimal" => "decimal",
        "date" => "date",
        "dateTime" => "datetime",
        "instant" => "instant",
        "time" => "time",
        _ => "integer",
    };
    format!("add `| {function}`")
}
