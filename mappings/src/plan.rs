//! The compiled form of a map: what to read, compute and write, names and paths resolved to
//! numbers. It is made by `compile` and carried out by `run`.

use std::sync::Arc;

use isthmus_fhir::element::Element;
use isthmus_fhir::name::Name;
use isthmus_hl7v2::grouping_rules::GroupingRules;
use isthmus_hl7v2::segment_name::SegmentName;
use uuid::Uuid;

use crate::ast::Comparison;
use crate::functions::call::{FunctionDefinition, Question};
use crate::plan_path::PathPlan;
use crate::problem::RowPlace;
use crate::table::Table;

/// A whole map.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The segments it reads; segment paths name them by their place here.
    pub segments: Vec<SegmentName>,
    /// The local segments that it defines, itself or in a library that it uses.
    pub rules: Arc<GroupingRules>,
    /// The resource types that a FHIR map reads, by alias.
    pub aliases: Vec<String>,
    /// Its tables and those of the libraries it uses.
    pub tables: Vec<Table>,
    /// The names of the keys of its `hmac` functions.
    pub keys: Vec<String>,
    /// The types it casts to.
    pub types: Vec<TypePlan>,
    /// What it makes, in order.
    pub items: Vec<TopPlan>,
    /// How many resource or record blocks there are.
    pub blocks: usize,
    /// Where each row stands; rows name themselves by their place here.
    pub rows: Vec<PlannedRow>,
}

/// Where a row or the first line of a block stands.
#[derive(Debug, Clone)]
pub struct PlannedRow {
    /// The place.
    pub place: RowPlace,
    /// Whether it is a row, whose firing tests count.
    pub is_row: bool,
}

/// What stands at the top of a map or in `each`.
#[derive(Debug, Clone)]
pub enum TopPlan {
    /// A segment group is opened.
    Each(EachPlan),
    /// A resource or record is made.
    Resource(Box<ResourcePlan>),
    /// `warn` or `reject`.
    Notice(NoticePlan),
}

/// `each GROUP`.
#[derive(Debug, Clone)]
pub struct EachPlan {
    /// The group's names in all versions; empty for the message as a whole.
    pub groups: Vec<&'static str>,
    /// Whether this instance is taken.
    pub when: Option<ConditionPlan>,
    /// What is made in each.
    pub items: Vec<TopPlan>,
    /// The row of the block's first line.
    pub row: usize,
}

/// A resource or record block.
#[derive(Debug, Clone)]
pub struct ResourcePlan {
    /// Its number among the blocks of the map.
    pub block: usize,
    /// The resource type, or the record's name.
    pub name: &'static str,
    /// What is iterated.
    pub per: Option<PathPlan>,
    /// Whether this instance is made.
    pub when: Option<ConditionPlan>,
    /// The row that writes `id`, when it stands directly in the block.
    pub id: Option<RowPlan>,
    /// What it holds.
    pub items: Vec<ItemPlan>,
    /// How many indexed places its rows share.
    pub slots: usize,
    /// The row of the block's first line.
    pub row: usize,
}

/// `type X to Y`.
#[derive(Debug, Clone, Default)]
pub struct TypePlan {
    /// What it holds.
    pub items: Vec<ItemPlan>,
    /// How many indexed places its rows share.
    pub slots: usize,
}

/// What stands in a resource, record, type or part.
#[derive(Debug, Clone)]
pub enum ItemPlan {
    /// A row.
    Row(RowPlan),
    /// An inner element.
    Part(PartPlan),
    /// A `choose`.
    Choose(ChoosePlan),
    /// `warn` or `reject`.
    Notice(NoticePlan),
}

/// A row.
#[derive(Debug, Clone)]
pub struct RowPlan {
    /// Its number.
    pub row: usize,
    /// What it writes.
    pub target: TargetPlan,
    /// Where its values come from: arguments, each with alternatives.
    pub source: Vec<Vec<OperandPlan>>,
    /// The type that maps each value.
    pub cast: Option<usize>,
    /// What the values pass.
    pub functions: Vec<FunctionPlan>,
    /// Whether it must write.
    pub required: bool,
    /// Whether it applies.
    pub when: Option<ConditionPlan>,
    /// How the value is written.
    pub leaf: Leaf,
    /// Whether the target takes every value or the first.
    pub takes_all: bool,
    /// Whether it writes whatever the message holds, so that it proves nothing.
    pub constant: bool,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaf {
    /// As a string.
    Text,
    /// As a resource id.
    Id,
    /// As a number.
    Number,
    /// As a boolean.
    Boolean,
    /// As a Reference.
    Reference,
    /// As the object that a type makes.
    Complex,
}

/// `part x[] per SRC`.
#[derive(Debug, Clone)]
pub struct PartPlan {
    /// What it writes.
    pub target: TargetPlan,
    /// What is iterated.
    pub per: Option<PathPlan>,
    /// Whether this instance is made.
    pub when: Option<ConditionPlan>,
    /// What it holds.
    pub items: Vec<ItemPlan>,
    /// How many indexed places its rows share.
    pub slots: usize,
    /// The row of the block's first line.
    pub row: usize,
}

/// `choose PATH`.
#[derive(Debug, Clone)]
pub struct ChoosePlan {
    /// The value that decides.
    pub path: PathPlan,
    /// The cases.
    pub cases: Vec<(Vec<String>, Vec<ItemPlan>)>,
    /// Otherwise.
    pub otherwise: Vec<ItemPlan>,
}

/// `warn` or `reject`.
#[derive(Debug, Clone)]
pub struct NoticePlan {
    /// True for `reject`.
    pub reject: bool,
    /// The constant text.
    pub text: Arc<str>,
    /// Whether it applies.
    pub when: Option<ConditionPlan>,
    /// Its row.
    pub row: usize,
}

/// One alternative of a source.
#[derive(Debug, Clone)]
pub enum OperandPlan {
    /// A literal or constant.
    Literal(String),
    /// A path.
    Path(PathPlan),
    /// `setting("name")`.
    Setting(String),
    /// `received-at()`.
    ReceivedAt,
    /// `delivery-id()`.
    DeliveryId,
    /// `consent("category")`.
    Consent(String),
    /// `ref(block)`.
    Ref(usize),
    /// `refs(block)`.
    Refs(usize),
}

/// A function with its arguments.
#[derive(Debug, Clone)]
pub struct FunctionPlan {
    /// The function.
    pub definition: &'static FunctionDefinition,
    /// Its text argument.
    pub text: String,
    /// The name space that the text names, made once for functions that make ids; nil for others.
    pub space: Uuid,
    /// Its number argument.
    pub number: usize,
    /// Its table argument.
    pub table: Option<usize>,
}

/// A path that is written.
#[derive(Debug, Clone)]
pub struct TargetPlan {
    /// The path as written, for clears and reports.
    pub text: Arc<str>,
    /// The steps; at least one.
    pub steps: Vec<TargetStep>,
}

/// A step of a path that is written.
#[derive(Debug, Clone)]
pub struct TargetStep {
    /// The member.
    pub name: Name,
    /// Which of several.
    pub place: TargetPlace,
    /// The other names of a choice element; none of them may be there.
    pub rivals: Vec<Name>,
}

/// Which of several elements is written.
#[derive(Debug, Clone)]
pub enum TargetPlace {
    /// There is only one.
    Single,
    /// A new one.
    Append,
    /// The one of this index; rows that mean the same one share a slot.
    Index {
        /// The index as written.
        index: usize,
        /// The slot; none when the array is always new.
        slot: Option<usize>,
    },
    /// The one with these values, or a new one that gets them.
    Keyed(Vec<TargetKey>),
}

/// A value that a keyed element has.
#[derive(Debug, Clone)]
pub struct TargetKey {
    /// The names from the element down; the flag tells whether it is an array.
    pub names: Vec<(Name, bool)>,
    /// The value.
    pub value: Element,
}

/// A condition.
#[derive(Debug, Clone)]
pub enum ConditionPlan {
    /// All hold.
    All(Vec<ConditionPlan>),
    /// At least one holds.
    Any(Vec<ConditionPlan>),
    /// It does not hold.
    Not(Box<ConditionPlan>),
    /// A test of one path.
    Test(PathPlan, TestPlan),
}

/// What a test asks.
#[derive(Debug, Clone)]
pub enum TestPlan {
    /// There is a value.
    Present,
    /// There is none but a null.
    Null,
    /// Some value compares so.
    Compare(Comparison, String),
    /// Some value is one of these.
    InList(Vec<String>),
    /// Some value is a code of this table.
    InTable(usize),
    /// The number of values compares so.
    Count(Comparison, usize),
    /// The number of characters of the first value compares so.
    Length(Comparison, usize),
    /// A function of the first value says yes.
    Question(Question),
}
