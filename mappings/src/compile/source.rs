//! Compiles the source of a row: its arguments, their alternatives, and what kind of value they
//! give. Functions behind the source are compiled in `function`.

use crate::ast::{Argument, Call, Literal, Operand};
use crate::codes;
use crate::compile::compiler::Compiler;
use crate::compile::scope::Scope;
use crate::compile::source_path::SourcePath;
use crate::functions::call::Kind;
use crate::functions::registry;
use crate::parser::literal::literal_text;
use crate::plan::OperandPlan;

/// A compiled source.
#[derive(Debug, Clone, Default)]
pub struct RowSource {
    /// The arguments with their alternatives.
    pub plan: Vec<Vec<OperandPlan>>,
    /// The paths it reads.
    pub paths: Vec<SourcePath>,
    /// The kinds of value that its operands give.
    pub kinds: Vec<Kind>,
    /// The blocks that it refers to.
    pub references: Vec<usize>,
    /// The literals it may give.
    pub literals: Vec<String>,
    /// The categories of consent that it asks for.
    pub consents: Vec<String>,
    /// Whether an operand may give several values though no bracket says so.
    pub repeats: bool,
}

impl RowSource {
    /// Whether nothing of it comes from the message.
    pub fn is_constant(&self) -> bool {
        self.paths.is_empty()
    }
}

impl Compiler<'_> {
    /// Compiles a source; complains and gives none when any part is wrong.
    pub fn source(&mut self, arguments: &[Vec<Operand>], scope: &Scope) -> Option<RowSource> {
        let mut source = RowSource::default();
        let mut complete = true;
        for choice in arguments {
            let mut plan = Vec::new();
            for operand in choice {
                match self.operand(operand, scope, &mut source) {
                    Some(operand) => plan.push(operand),
                    None => complete = false,
                }
            }
            source.plan.push(plan);
        }
        complete.then_some(source)
    }

    fn operand(
        &mut self,
        operand: &Operand,
        scope: &Scope,
        source: &mut RowSource,
    ) -> Option<OperandPlan> {
        match operand {
            Operand::Literal(literal) => Some(Self::literal(&literal.value, source)),
            Operand::Constant(name) => {
                let Some(literal) = self.constant(&name.value) else {
                    let message = format!("no constant is called `{}`", name.value);
                    self.fault(name.span, codes::CONSTANT, message);
                    return None;
                };
                Some(Self::literal(literal, source))
            }
            Operand::Path(word) => {
                let path = self.path(word, scope)?;
                let plan = OperandPlan::Path(path.plan.clone());
                source.kinds.push(path.kind);
                source.repeats |= path.repeats;
                source.paths.push(path);
                Some(plan)
            }
            Operand::Call(call) => self.source_call(call, source),
        }
    }

    fn literal(literal: &Literal, source: &mut RowSource) -> OperandPlan {
        let text = literal_text(literal);
        source.kinds.push(match literal {
            Literal::Text(_) => Kind::Text,
            Literal::Number(number) if number.contains('.') => Kind::Decimal,
            Literal::Number(_) => Kind::Integer,
            Literal::Boolean(_) => Kind::Boolean,
        });
        source.literals.push(text.clone());
        OperandPlan::Literal(text)
    }

    fn source_call(&mut self, call: &Call, source: &mut RowSource) -> Option<OperandPlan> {
        let (kind, plan) = match (call.name.value.as_str(), call.arguments.as_slice()) {
            ("ref" | "refs", [Argument::Name(_)]) => return self.reference(call, source),
            ("received-at", []) => (Kind::Instant, OperandPlan::ReceivedAt),
            ("delivery-id", []) => (Kind::Text, OperandPlan::DeliveryId),
            ("setting", [Argument::Literal(name)]) => {
                (Kind::Text, OperandPlan::Setting(literal_text(&name.value)))
            }
            ("consent", [Argument::Literal(name)]) => {
                let category = literal_text(&name.value);
                source.consents.push(category.clone());
                (Kind::Boolean, OperandPlan::Consent(category))
            }
            ("ref" | "refs" | "received-at" | "delivery-id" | "setting" | "consent", _) => {
                let message = "write ref(block), refs(block), setting(\"name\"), \
                               consent(\"category\"), received-at() or delivery-id()";
                self.fault(call.span, codes::ARGUMENTS, message);
                return None;
            }
            ("fhirpath", _) => {
                let message = "`fhirpath` is not accepted by this version; write a path";
                self.fault(call.span, codes::VERSION_LIMIT, message);
                return None;
            }
            (name, _) => {
                let message = format!("`{name}` is no source");
                let help = match registry::find(name) {
                    Some(_) => format!("functions follow the source: PATH | {name}"),
                    None => "sources are paths, texts, ref, refs, setting, consent, received-at \
                             and delivery-id"
                        .to_owned(),
                };
                self.fault_with(call.name.span, codes::FUNCTION, message, help);
                return None;
            }
        };
        source.kinds.push(kind);
        Some(plan)
    }

    fn reference(&mut self, call: &Call, source: &mut RowSource) -> Option<OperandPlan> {
        let Some(Argument::Name(name)) = call.arguments.first() else {
            return None;
        };
        let known = |alias: &Option<String>| alias.as_deref() == Some(name.value.as_str());
        let Some(block) = self.blocks.iter().position(|block| known(&block.alias)) else {
            let message = format!("no resource block is called `{}`", name.value);
            let help = "name it: resource TYPE as NAME";
            self.fault_with(name.span, codes::REFERENCE, message, help);
            return None;
        };
        if !self.blocks.get(block).is_some_and(|block| block.has_id) {
            let message = format!(
                "`{}` has no `id` row made from the message, so nothing can refer to it",
                name.value
            );
            self.fault(name.span, codes::NO_ID, message);
            return None;
        }
        source.references.push(block);
        let all = call.name.value == "refs";
        source.repeats |= all;
        Some(if all {
            OperandPlan::Refs(block)
        } else {
            OperandPlan::Ref(block)
        })
    }
}
