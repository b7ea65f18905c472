//! Compiles the functions of a row: name, arguments, and the kind of value that comes out.
//! The functions themselves are in `functions`.

use isthmus_core::span::Span;
use isthmus_fhir::spelling::nearest;
use uuid::Uuid;

use crate::ast::{Argument, Call, Literal};
use crate::codes;
use crate::compile::compiler::Compiler;
use crate::functions::call::{Body, FunctionDefinition, Parameters};
use crate::functions::{identity, registry};
use crate::plan::FunctionPlan;

impl Compiler<'_> {
    /// Compiles one function; complains and gives none when it is wrong.
    pub fn function(&mut self, call: &Call) -> Option<FunctionPlan> {
        let name = call.name.value.as_str();
        let Some(definition) = registry::find(name) else {
            let names = registry::ALL.iter().map(|function| function.name);
            let near = nearest(name, names);
            let help = match near.first() {
                Some(near) => format!("did you mean `{near}`?"),
                None => "see the list of functions in mappings/README.md".to_owned(),
            };
            let message = format!("no function is called `{name}`");
            self.fault_with(call.name.span, codes::FUNCTION, message, help);
            return None;
        };
        if matches!(definition.body, Body::Question(_)) {
            let message = format!("`{name}` stands in conditions: when {name}(PATH)");
            self.fault(call.span, codes::FUNCTION, message);
            return None;
        }
        self.arguments(call, definition)
    }

    fn arguments(
        &mut self,
        call: &Call,
        definition: &'static FunctionDefinition,
    ) -> Option<FunctionPlan> {
        let mut plan = FunctionPlan {
            definition,
            text: String::new(),
            space: Uuid::nil(),
            number: 0,
            table: None,
        };
        match (definition.parameters, call.arguments.as_slice()) {
            (Parameters::None, []) => {}
            (Parameters::Table, [Argument::Name(name)]) => {
                plan.table = Some(self.table(&name.value, name.span)?);
            }
            (Parameters::Text, [argument]) => {
                plan.text = self.text_argument(argument, call)?;
                plan.space = identity::name_space(&plan.text);
            }
            (Parameters::Key, [argument]) => {
                plan.text = self.text_argument(argument, call)?;
                if !self.plan.keys.contains(&plan.text) {
                    self.plan.keys.push(plan.text.clone());
                }
            }
            (Parameters::Number, [Argument::Literal(literal)]) => {
                let Some(number) = whole_number(&literal.value) else {
                    return self.wrong_arguments(call, definition);
                };
                plan.number = number;
            }
            _ => return self.wrong_arguments(call, definition),
        }
        self.check_argument(&plan, call.span).then_some(plan)
    }

    fn text_argument(&mut self, argument: &Argument, call: &Call) -> Option<String> {
        let constant = match argument {
            Argument::Literal(literal) => Some(&literal.value),
            Argument::Name(name) => name
                .value
                .strip_prefix('$')
                .and_then(|name| self.constant(name)),
        };
        if let Some(Literal::Text(text)) = constant {
            return Some(text.clone());
        }
        let message = format!(
            "`{}` takes a text in quotes or a $constant",
            call.name.value
        );
        self.fault(call.span, codes::ARGUMENTS, message);
        None
    }

    fn wrong_arguments<T>(
        &mut self,
        call: &Call,
        definition: &'static FunctionDefinition,
    ) -> Option<T> {
        let takes = match definition.parameters {
            Parameters::None => "nothing in parentheses",
            Parameters::Text => "one text in quotes",
            Parameters::Number => "one whole number",
            Parameters::Table => "the name of one table",
            Parameters::Key => "the name of one key in quotes",
        };
        let message = format!("`{}` takes {takes}", definition.name);
        self.fault(call.span, codes::ARGUMENTS, message);
        None
    }

    fn check_argument(&mut self, plan: &FunctionPlan, span: Span) -> bool {
        if plan.definition.parameters == Parameters::Key
            && self
                .sources
                .keys
                .is_some_and(|keys| !keys.contains(&plan.text))
        {
            let message = format!("the configuration has no key called `{}`", plan.text);
            self.fault(span, codes::NAMED_KEY, message);
            return false;
        }
        if plan.definition.name == "e164" && !identity::countries().any(|c| c == plan.text) {
            let known: Vec<_> = identity::countries().collect();
            let message = format!("`e164` knows no country `{}`", plan.text);
            let help = format!("known are {}", known.join(", "));
            self.fault_with(span, codes::ARGUMENTS, message, help);
            return false;
        }
        if plan.definition.name == "split" && plan.text.is_empty() {
            self.fault(span, codes::ARGUMENTS, "`split` needs a text to cut at");
            return false;
        }
        true
    }
}

fn whole_number(literal: &Literal) -> Option<usize> {
    match literal {
        Literal::Number(text) => text.parse().ok(),
        Literal::Text(_) | Literal::Boolean(_) => None,
    }
}

/// A function as the map writes it, for reports.
pub fn words(plan: &FunctionPlan, tables: &[crate::table::Table]) -> String {
    let name = plan.definition.name;
    match plan.definition.parameters {
        Parameters::None => name.to_owned(),
        Parameters::Number => format!("{name}({})", plan.number),
        Parameters::Text | Parameters::Key => format!("{name}(\"{}\")", plan.text),
        Parameters::Table => {
            let table = plan.table.and_then(|table| tables.get(table));
            format!("{name}({})", table.map_or("", |table| table.name.as_str()))
        }
    }
}
