//! MLLP framing: however a stream is cut into chunks, the same frames come out, no byte counts
//! twice, and what is put into a frame comes out of it.

use isthmus_hl7v2::framing::{END, Frame, FrameDecoder, FrameError, START, encode};

/// Small, so that a fuzzer reaches it.
const LIMIT: usize = 256;

/// Checks one stream; its first byte says how it is cut.
pub fn check(bytes: &[u8]) {
    let Some((&cut, stream)) = bytes.split_first() else {
        return;
    };
    let whole = decoded(stream, stream.len().max(1));
    assert_eq!(
        whole,
        decoded(stream, usize::from(cut).max(1)),
        "cut in pieces of {cut}"
    );
    let used: usize = whole
        .iter()
        .flatten()
        .map(|one| one.payload.len() + one.junk_before)
        .sum();
    assert!(used <= stream.len(), "{used} bytes of {}", stream.len());
    if stream.len() <= LIMIT && !stream.iter().any(|byte| matches!(*byte, START | END)) {
        let mut framed = Vec::new();
        encode(stream, &mut framed);
        let again = decoded(&framed, framed.len());
        assert!(matches!(&*again, [Ok(one)] if one.payload == stream && one.junk_before == 0));
    }
}

fn decoded(stream: &[u8], piece: usize) -> Vec<Result<Frame, FrameError>> {
    let mut decoder = FrameDecoder::new(LIMIT);
    let mut all = Vec::new();
    for chunk in stream.chunks(piece) {
        decoder.push(chunk);
        while let Some(one) = decoder.next().transpose() {
            all.push(one);
        }
    }
    all
}
