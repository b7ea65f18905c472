//! `GrantedRecord`, the granted part of a record on its way to becoming disclosures; what is
//! granted was decided before, in `flow`.

use std::fmt;

use bytes::Bytes;
use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::json::writer::write;
use isthmus_fhir::resource::Resource;

use crate::name_lists::Names;
use crate::phi::Phi;
use crate::privacy::disclosure::{Disclosure, Grant};
use crate::refusal::{Reason, Refusal};
use crate::shaper::{Shaper, ShapingContext};

/// What one recipient may see of one record, still in FHIR form. Only [`Flow::release`] makes one:
///
/// ```compile_fail,E0451
/// use isthmus_core::privacy::{disclosure::Grant, granted_record::GrantedRecord};
/// fn forge(grant: Grant) -> GrantedRecord {
///     GrantedRecord { grant, content: loop {} }
/// }
/// ```
///
/// ```compile_fail,E0624
/// use isthmus_core::privacy::{disclosure::Grant, granted_record::GrantedRecord};
/// fn forge(grant: Grant) -> GrantedRecord {
///     GrantedRecord::new(grant, loop {})
/// }
/// ```
///
/// [`Flow::release`]: crate::privacy::flow::Flow::release
pub struct GrantedRecord {
    grant: Grant,
    content: Granted,
}

/// What was granted.
pub(in crate::privacy) enum Granted {
    /// Elements, in the shape of the resources that they come from.
    Resources(Vec<Resource>),
    /// A message, as the record that the recipient gets.
    Message {
        record: Object,
        /// What the message has and was not granted, by name.
        withheld: Names,
    },
}

impl GrantedRecord {
    /// Only for the gate: the content must be made of granted elements alone.
    pub(in crate::privacy) const fn new(grant: Grant, content: Granted) -> Self {
        Self { grant, content }
    }

    /// Under which rule it was made.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// The granted elements, in the shape of the resources that they come from; none of a message.
    pub fn resources(&self) -> &[Resource] {
        match &self.content {
            Granted::Resources(resources) => resources,
            Granted::Message { .. } => &[],
        }
    }

    /// What the message has and was not granted, by name; none for what was granted of resources.
    pub fn withheld_of_message(&self) -> Option<&Names> {
        match &self.content {
            Granted::Message { withheld, .. } => Some(withheld),
            Granted::Resources(_) => None,
        }
    }

    /// Makes it the records that the recipient takes, each a JSON object; none when there is
    /// nothing to send. Resources are shaped by the flow's map, a message is a record as it is.
    ///
    /// # Errors
    /// What the shaper refuses; [`Reason::Unshapeable`] for a record that is no object, and for
    /// resources without a shaper.
    pub fn shape(
        self,
        shaper: Option<&dyn Shaper>,
        context: &ShapingContext,
    ) -> Result<Vec<Disclosure>, Refusal> {
        let disclosure = |record: &Element| {
            let mut bytes = Vec::new();
            write(record, &mut bytes);
            Disclosure::new(self.grant.clone(), Phi::new(Bytes::from(bytes)))
        };
        let resources = match self.content {
            Granted::Message { record, .. } => return Ok(vec![disclosure(&record.into())]),
            Granted::Resources(resources) => resources,
        };
        let no_map = || Refusal::park(Reason::Unshapeable).by("the flow has no map");
        let shaper = shaper.ok_or_else(no_map)?;
        let records = shaper.shape(&resources, context)?;
        let disclosures = records.iter().map(|record| {
            if !matches!(record, Element::Object(_)) {
                return Err(Refusal::park(Reason::Unshapeable).by(shaper.map()));
            }
            Ok(disclosure(record))
        });
        disclosures.collect()
    }
}

impl fmt::Debug for GrantedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantedRecord")
            .field("grant", &self.grant)
            .field("resources", &self.resources().len())
            .finish_non_exhaustive()
    }
}
