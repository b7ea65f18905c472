//! `GrantedRecord`, the granted part of a record on its way to becoming disclosures; what is
//! granted was decided before, in `flow`.

use std::fmt;

use bytes::Bytes;
use isthmus_fhir::element::Element;
use isthmus_fhir::json::writer::write;
use isthmus_fhir::resource::Resource;

use crate::phi::Phi;
use crate::privacy::disclosure::{Disclosure, Grant};
use crate::refusal::{Reason, Refusal};
use crate::shaper::{Shaper, ShapingContext};

/// What one recipient may see of one record, still in FHIR form. Only [`Flow::release`] makes one:
///
/// ```compile_fail,E0451
/// use isthmus_core::privacy::{disclosure::Grant, granted_record::GrantedRecord};
/// fn forge(grant: Grant) -> GrantedRecord {
///     GrantedRecord { grant, resources: Vec::new() }
/// }
/// ```
///
/// ```compile_fail,E0624
/// use isthmus_core::privacy::{disclosure::Grant, granted_record::GrantedRecord};
/// fn forge(grant: Grant) -> GrantedRecord {
///     GrantedRecord::new(grant, Vec::new())
/// }
/// ```
///
/// [`Flow::release`]: crate::privacy::flow::Flow::release
pub struct GrantedRecord {
    grant: Grant,
    resources: Vec<Resource>,
}

impl GrantedRecord {
    /// Only for the gate: the resources must be made of granted elements alone.
    pub(in crate::privacy) const fn new(grant: Grant, resources: Vec<Resource>) -> Self {
        Self { grant, resources }
    }

    /// Under which rule it was made.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// The granted elements, in the shape of the resources that they come from.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// Shapes it into the records that the recipient takes, each a JSON object; none when there is
    /// nothing to send.
    ///
    /// # Errors
    /// What the shaper refuses; [`Reason::Unshapeable`] for a record that is no object.
    pub fn shape(
        self,
        shaper: &dyn Shaper,
        context: &ShapingContext,
    ) -> Result<Vec<Disclosure>, Refusal> {
        let records = shaper.shape(&self.resources, context)?;
        let disclosures = records.iter().map(|record| {
            if !matches!(record, Element::Object(_)) {
                return Err(Refusal::park(Reason::Unshapeable).by(shaper.map()));
            }
            let mut bytes = Vec::new();
            write(record, &mut bytes);
            Ok(Disclosure::new(
                self.grant.clone(),
                Phi::new(Bytes::from(bytes)),
            ))
        });
        disclosures.collect()
    }
}

impl fmt::Debug for GrantedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantedRecord")
            .field("grant", &self.grant)
            .field("resources", &self.resources.len())
            .finish()
    }
}
