//! `Record`, the canonical form of a message: the FHIR resources of one subject. What of it may
//! leave is decided in `privacy`.

use std::sync::Arc;

use isthmus_fhir::resource::Resource;

use crate::id::SubjectKey;
use crate::source_message::SourceMessage;

/// The FHIR R4 resources that one message gives about one patient. Patient data throughout:
/// the resources' `Debug` is masked.
#[derive(Debug, Clone)]
pub struct Record {
    /// The patient.
    pub subject: SubjectKey,
    /// The resources, in the order of the map's blocks.
    pub resources: Vec<Resource>,
    /// The message that they were made of, for flows that send messages on.
    pub message: Option<Arc<SourceMessage>>,
}
