//! The tree of a map file as written: header, blocks, rows, conditions, with the place of each.
//! Paths and names are still plain words here; what they mean is settled in `compile`.

use isthmus_core::span::Span;

use crate::span::{Spanned, Word};

/// One map file.
#[derive(Debug, Clone, Default)]
pub struct MapFile {
    /// `map NAME VERSION`.
    pub title: Option<(Word, Word)>,
    /// `from ...`.
    pub from: Option<Spanned<From>>,
    /// `to ...`.
    pub to: Option<Spanned<To>>,
    /// `use NAME@VERSION`.
    pub uses: Vec<Use>,
    /// `table NAME = FILE unmapped ...`.
    pub tables: Vec<TableHeader>,
    /// `const NAME = "..."`.
    pub constants: Vec<(Word, Spanned<Literal>)>,
    /// `key PATH`.
    pub key: Option<Word>,
    /// `define segment ...`.
    pub segments: Vec<SegmentDefinition>,
    /// Where `on-null skip` stands: a null writes nothing.
    pub on_null: Option<Span>,
    /// The blocks, in order.
    pub blocks: Vec<Block>,
}

/// What a map reads.
#[derive(Debug, Clone)]
pub enum From {
    /// HL7 v2 messages; the events as `ADT^A01`. Empty for a library of types.
    Hl7v2 {
        /// The events.
        events: Vec<Word>,
        /// The senders whose messages alone it is for; none for all.
        senders: Vec<Spanned<String>>,
    },
    /// FHIR R4 resources under their aliases.
    Fhir {
        /// Resource type and alias.
        aliases: Vec<(Word, Word)>,
    },
}

/// What a map writes.
#[derive(Debug, Clone)]
pub enum To {
    /// FHIR R4 resources.
    Fhir,
    /// A recipient's record of this name.
    Record(Word),
}

/// `use NAME@VERSION`.
#[derive(Debug, Clone)]
pub struct Use {
    /// The library's name.
    pub name: Word,
    /// Its version.
    pub version: Word,
}

/// `define segment NAME after SEGMENT` and the lines of its fields.
#[derive(Debug, Clone)]
pub struct SegmentDefinition {
    /// The segment.
    pub name: Word,
    /// Where it may stand, at least one.
    pub places: Vec<SegmentPlace>,
    /// Its fields, as written.
    pub fields: Vec<FieldDefinition>,
}

/// Where a defined segment may stand.
#[derive(Debug, Clone)]
pub enum SegmentPlace {
    /// `after SEGMENT`: in the group that has this segment, behind it.
    After(Word),
    /// `in GROUP`: anywhere in this group.
    In(Word),
}

/// `NUMBER TYPE "name" repeats`.
#[derive(Debug, Clone)]
pub struct FieldDefinition {
    /// The number, from 1.
    pub number: Spanned<u16>,
    /// The datatype.
    pub datatype: Word,
    /// What the sender calls it.
    pub name: Spanned<String>,
    /// Whether it may come several times.
    pub repeats: bool,
}

/// `table NAME = FILE unmapped RULE`.
#[derive(Debug, Clone)]
pub struct TableHeader {
    /// The name rows use.
    pub name: Word,
    /// The file, from the root of the mappings folder.
    pub file: Word,
    /// What happens to a code that is not in it.
    pub unmapped: Unmapped,
}

/// What a table does with a code it does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmapped {
    /// The message cannot be translated.
    Error,
    /// The code itself is the result.
    Keep,
    /// The row writes nothing.
    Skip,
    /// This code is the result, with or without a warning.
    Default {
        /// The result.
        code: String,
        /// Whether to warn.
        warn: bool,
    },
}

/// A literal of the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `"text"`.
    Text(String),
    /// A number, its text kept.
    Number(String),
    /// `true` or `false`.
    Boolean(bool),
}

/// A block and what it holds.
#[derive(Debug, Clone)]
pub struct Block {
    /// What it makes.
    pub kind: BlockKind,
    /// `as NAME`.
    pub alias: Option<Word>,
    /// `per PATH [as NAME]`.
    pub per: Option<Per>,
    /// `when ...`.
    pub when: Option<Condition>,
    /// Rows and inner blocks, in order.
    pub items: Vec<Item>,
    /// The block's first line.
    pub span: Span,
}

/// `per PATH [as NAME]`.
#[derive(Debug, Clone)]
pub struct Per {
    /// What is iterated.
    pub path: Word,
    /// The name of the current one.
    pub alias: Option<Word>,
}

/// The kinds of block.
#[derive(Debug, Clone)]
pub enum BlockKind {
    /// One FHIR resource for each instance.
    Resource(Word),
    /// One record for each instance.
    Record(Word),
    /// How one datatype becomes another.
    Type {
        /// Source datatype.
        from: Word,
        /// Target datatype.
        to: Word,
    },
    /// One inner element for each instance.
    Part(Word),
    /// Opens a segment group.
    Each(Word),
}

/// What stands in a block.
#[derive(Debug, Clone)]
pub enum Item {
    /// An inner block.
    Block(Block),
    /// A row.
    Row(Row),
    /// A `choose`.
    Choose(Choose),
    /// `warn` or `reject`.
    Notice(Notice),
}

/// `TARGET <- source : TYPE | fn ... required when cond`.
#[derive(Debug, Clone)]
pub struct Row {
    /// The path written.
    pub target: Word,
    /// The arguments, each a chain of alternatives.
    pub source: Vec<Vec<Operand>>,
    /// `: TYPE`.
    pub cast: Option<Word>,
    /// `| fn`.
    pub functions: Vec<Call>,
    /// `required`.
    pub required: bool,
    /// `when ...`.
    pub when: Option<Condition>,
    /// The whole row.
    pub span: Span,
}

/// One alternative of a source.
#[derive(Debug, Clone)]
pub enum Operand {
    /// A literal.
    Literal(Spanned<Literal>),
    /// `$name`.
    Constant(Word),
    /// A path.
    Path(Word),
    /// A function that is a source, such as `ref(x)`.
    Call(Call),
}

/// A function with its arguments.
#[derive(Debug, Clone)]
pub struct Call {
    /// The function.
    pub name: Word,
    /// Its arguments.
    pub arguments: Vec<Argument>,
    /// The whole call.
    pub span: Span,
}

/// An argument of a function.
#[derive(Debug, Clone)]
pub enum Argument {
    /// A literal.
    Literal(Spanned<Literal>),
    /// A name (of a table or block) or a `$constant`.
    Name(Word),
}

/// `choose PATH` with its cases.
#[derive(Debug, Clone)]
pub struct Choose {
    /// The value that decides.
    pub path: Word,
    /// The cases, in order.
    pub cases: Vec<Case>,
    /// What happens otherwise; `skip` is an empty list.
    pub otherwise: Vec<Item>,
    /// The line.
    pub span: Span,
}

/// `case "A", "B"` with its rows.
#[derive(Debug, Clone)]
pub struct Case {
    /// The values.
    pub values: Vec<Spanned<String>>,
    /// What happens.
    pub items: Vec<Item>,
}

/// `warn "text" when cond` or `reject "text" when cond`.
#[derive(Debug, Clone)]
pub struct Notice {
    /// True for `reject`.
    pub reject: bool,
    /// The constant text.
    pub text: Spanned<String>,
    /// `when ...`.
    pub when: Option<Condition>,
    /// The line.
    pub span: Span,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// All hold.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A test of one path.
    Test(Test),
}

/// A test of one path.
#[derive(Debug, Clone)]
pub struct Test {
    /// The path that is looked at.
    pub path: Word,
    /// What is asked of it.
    pub kind: TestKind,
    /// The whole test.
    pub span: Span,
}

impl PartialEq for Test {
    /// Two tests are the same when they ask the same, wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        self.path.value == other.path.value && self.kind == other.kind
    }
}

impl Eq for Test {}

/// What a test asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestKind {
    /// There is a value.
    Present,
    /// The sender asks to delete (`""`).
    Null,
    /// The value compares so with the literal.
    Compare(Comparison, Literal),
    /// The value is one of these.
    InList(Vec<String>),
    /// The value is a code of this table.
    InTable(String),
    /// The number of values compares so.
    Count(Comparison, u32),
    /// The number of characters compares so.
    Length(Comparison, u32),
    /// A function of the value says yes.
    Function(String),
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `>`
    Greater,
}
