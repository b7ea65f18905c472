//! How a delivery becomes a file; pure.

use bytes::Bytes;
use isthmus_core::destination::Outbound;
use isthmus_core::phi::Phi;

use crate::adapter::{Call, UnsendableCall};
use crate::file_call::{self, FileCall, FileForm};
use crate::files::terminator::Terminator;
use crate::hl7v2_message::template::Template;
use crate::record_line;

/// What files hold.
#[derive(Debug)]
pub(crate) enum Content {
    /// Messages with this header and these ends of segments.
    Hl7v2(Template, Terminator),
    /// Records as JSON.
    Json,
}

/// One call a record. Every attempt is the same file, so no time of it is asked.
pub(crate) fn plan(content: &Content, batch: &[Outbound]) -> Vec<Call> {
    let call = |outbound: &Outbound| match bytes(content, outbound) {
        Ok((form, bytes)) => Call::File(FileCall {
            name: file_call::name(outbound.sequence.0, outbound.id, form),
            content: Phi::new(Bytes::from(bytes)),
            form,
            look_first: outbound.recovered || outbound.attempt > 1,
            record: outbound.id,
        }),
        Err(code) => Call::Unsendable(UnsendableCall {
            record: outbound.id,
            code,
        }),
    };
    batch.iter().map(call).collect()
}

fn bytes(content: &Content, outbound: &Outbound) -> Result<(FileForm, Vec<u8>), &'static str> {
    match content {
        Content::Hl7v2(template, terminator) => {
            let made = template.message(outbound)?;
            Ok((FileForm::Hl7v2, terminator.applied(made.bytes)))
        }
        Content::Json => Ok((FileForm::Json, record_line::of(outbound))),
    }
}
