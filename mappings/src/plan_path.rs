//! The compiled form of the paths that a map reads: groups, segments and aliases resolved to
//! numbers. What is done with what they mean is told in `plan`.

use isthmus_fhir::path::syntax::ElementPath;

/// A path that is read.
#[derive(Debug, Clone)]
pub enum PathPlan {
    /// In the message.
    Segment(SegmentPlan),
    /// In the value that a type or `per` is about: component and subcomponent.
    Relative(Option<(u16, Option<u16>)>),
    /// In a FHIR resource.
    Element(ElementPlan),
}

/// A path in a message.
#[derive(Debug, Clone)]
pub struct SegmentPlan {
    /// The groups to go through from where the path stands, outermost first; none for what is
    /// seen from there.
    pub groups: Vec<GroupPlan>,
    /// The segment, by its place in the plan.
    pub slot: usize,
    /// Which of them.
    pub segment: Pick,
    /// The field; none for the segment as a whole.
    pub field: Option<u16>,
    /// Which repetitions.
    pub repetition: Pick,
    /// The component.
    pub component: Option<u16>,
    /// The subcomponent.
    pub subcomponent: Option<u16>,
    /// Whether the repetition as a whole is the text (OBX-5), not its first component.
    pub whole: bool,
}

/// A group that a path goes through.
#[derive(Debug, Clone)]
pub struct GroupPlan {
    /// Its names in all versions.
    pub names: Vec<&'static str>,
    /// Which of its instances.
    pub pick: Pick,
}

/// Which of several.
#[derive(Debug, Clone)]
pub enum Pick {
    /// All.
    All,
    /// One.
    Index(usize),
    /// From one on.
    From(usize),
    /// Those with these values: the numbers of the place below, and the text.
    Keys(Vec<(Vec<u16>, String)>),
}

impl Pick {
    /// How many are passed over, and how many are taken at most.
    pub const fn range(&self) -> (usize, usize) {
        match self {
            Self::All | Self::Keys(_) => (0, usize::MAX),
            Self::Index(index) => (*index, 1),
            Self::From(index) => (*index, usize::MAX),
        }
    }

    /// What those that are taken must have.
    pub fn keys(&self) -> &[(Vec<u16>, String)] {
        match self {
            Self::Keys(keys) => keys,
            Self::All | Self::Index(_) | Self::From(_) => &[],
        }
    }
}

/// A path in a FHIR resource.
#[derive(Debug, Clone)]
pub struct ElementPlan {
    /// Where it starts.
    pub start: ElementStart,
    /// The path below.
    pub path: ElementPath,
}

/// Where a FHIR path starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementStart {
    /// The first resource of an alias, or the one that `per` is about.
    Alias(usize),
    /// The element that `per` is about.
    Current,
}
