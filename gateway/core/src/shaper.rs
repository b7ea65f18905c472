//! `Shaper`, the seam from a disclosure in FHIR form to a recipient's own record form; it can only
//! rework what is inside a disclosure. The row language implements it in `mappings`.

use isthmus_fhir::element::Element;
use isthmus_fhir::resource::Resource;

use crate::clock::Timestamp;
use crate::consent_store::ConsentChoice;
use crate::id::DeliveryId;
use crate::read_set::ReadSet;
use crate::refusal::Refusal;

/// What a shaper may know beside the resources.
#[derive(Debug, Clone)]
pub struct ShapingContext {
    /// The id of the first delivery made of this disclosure.
    pub delivery: DeliveryId,
    /// When the message arrived.
    pub received_at: Timestamp,
    /// What the patient chose in each category that the map asks for; a category without an entry
    /// is one on which nothing was recorded.
    pub consents: Vec<(String, ConsentChoice)>,
}

/// A map from FHIR resources to records, bound to one flow. Pure and synchronous.
pub trait Shaper: Send + Sync {
    /// The name and version of the map, as `name version`.
    fn map(&self) -> &str;

    /// Every element the map reads, conditions included; exact.
    fn reads(&self) -> &ReadSet;

    /// Shapes granted resources into records. An empty list means there is nothing to send.
    fn shape(
        &self,
        resources: &[Resource],
        context: &ShapingContext,
    ) -> Result<Vec<Element>, Refusal>;
}
