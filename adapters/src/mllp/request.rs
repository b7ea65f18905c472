//! How a delivery becomes a message to be sent; pure. What the message is, is told in
//! `hl7v2_message`.

use bytes::Bytes;
use isthmus_core::destination::Outbound;
use isthmus_core::phi::Phi;

use crate::adapter::{Call, UnsendableCall};
use crate::hl7v2_message::template::Template;
use crate::mllp_message::MllpCall;

/// One call a record. Every attempt is the same message, so no time of it is asked.
pub(crate) fn plan(template: &Template, batch: &[Outbound]) -> Vec<Call> {
    let call = |outbound: &Outbound| match template.message(outbound) {
        Ok(made) => Call::Mllp(MllpCall {
            control_id: made.control_id,
            message: Phi::new(Bytes::from(made.bytes)),
            record: outbound.id,
        }),
        Err(code) => Call::Unsendable(UnsendableCall {
            record: outbound.id,
            code,
        }),
    };
    batch.iter().map(call).collect()
}
