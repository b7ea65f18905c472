//! Reading MSH-13 of a sender that numbers its messages (`sequence_numbers`): a number, an order on
//! the link, or neither, which is refused. Which number is expected is known to the store alone.

use isthmus_core::link::LinkOrder;
use isthmus_core::refusal::Reason;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::message::{Message, Segment};
use isthmus_hl7v2::value::numeric::Numeric;

use crate::rejection::{Rejection, sequence_number};

/// Digits of an NM at most (HL7 v2.5.1 chapter 2, MSH-13).
const DIGITS_MAX: usize = 15;

/// What MSH-13 says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbering {
    /// The message has this number, at least 1.
    Number(u64),
    /// It has no content and asks this.
    Order(LinkOrder),
}

/// Reads MSH-13.
pub(crate) fn numbering(message: &Message) -> Result<Numbering, Rejection> {
    let field = message.segment(0).and_then(|header| {
        let value = header.field(13).value()?;
        Some(value.trim().to_owned())
    });
    let text = field.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Rejection::at(Reason::OutOfSequence, sequence_number()))?;
    let number = Some(&text).filter(|text| text.len() <= DIGITS_MAX);
    match number.and_then(|text| Numeric::read(text)?.integer()) {
        Some(0) => order(message, LinkOrder::Start),
        Some(-1) => order(message, LinkOrder::Resynchronise),
        Some(number @ 1..) => Ok(Numbering::Number(number.unsigned_abs())),
        Some(_) | None => Err(Rejection::at(Reason::Unreadable, sequence_number())),
    }
}

/// Nothing beyond the header is stored or translated of an order, so there must be nothing.
fn order(message: &Message, order: LinkOrder) -> Result<Numbering, Rejection> {
    let mut behind = message.segments().skip(1);
    match behind.find(has_content) {
        None => Ok(Numbering::Order(order)),
        Some(segment) => {
            let place = Location::segment(segment.name(), 1);
            Err(Rejection::at(Reason::Unreadable, place))
        }
    }
}

fn has_content(segment: &Segment<'_>) -> bool {
    let line = segment.raw();
    let fields = line.get(segment.name().as_str().len()..);
    let is_content = |one: char| one.is_alphanumeric();
    fields.is_some_and(|fields| fields.contains(is_content))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(field: &str, behind: &str) -> Result<Numbering, Reason> {
        let text = format!("MSH|^~\\&|A|B|||20260101||ADT^A01|1|P|2.5.1|{field}\r{behind}");
        let numbering = numbering(&Message::parse(text).unwrap());
        numbering.map_err(|rejection| rejection.refusal.reason)
    }

    #[test]
    fn zero_and_minus_one_are_orders_and_positive_ones_are_numbers() {
        assert_eq!(of("7", "PID|1||8"), Ok(Numbering::Number(7)));
        assert_eq!(of("0", ""), Ok(Numbering::Order(LinkOrder::Start)));
        let null = "PID|||\"\"||\r";
        assert_eq!(of("0", null), Ok(Numbering::Order(LinkOrder::Start)));
        assert_eq!(of("-1", ""), Ok(Numbering::Order(LinkOrder::Resynchronise)));
    }

    #[test]
    fn what_is_no_number_and_an_order_with_content_are_refused() {
        for wrong in ["-2", "1.5", "one", "1234567890123456"] {
            assert_eq!(of(wrong, ""), Err(Reason::Unreadable), "{wrong}");
        }
        assert_eq!(of("", ""), Err(Reason::OutOfSequence));
        assert_eq!(of("0", "PID|1||8"), Err(Reason::Unreadable));
    }
}
