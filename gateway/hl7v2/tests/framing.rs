//! MLLP streams cut at every place, broken in every way. Sockets are tested where the listener is.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

use isthmus_hl7v2::framing::{Frame, FrameDecoder, FrameError, encode};
use proptest::prelude::{Strategy as _, any, prop_assert, prop_assert_eq, proptest};

fn all(stream: &[u8], cut: usize, limit: usize) -> Vec<Result<Frame, FrameError>> {
    let mut decoder = FrameDecoder::new(limit);
    let mut results = Vec::new();
    for chunk in [&stream[..cut], &stream[cut..]] {
        decoder.push(chunk);
        while let Some(result) = decoder.next().transpose() {
            results.push(result);
        }
    }
    results
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with results")]
fn frame(payload: &[u8], junk_before: usize) -> Result<Frame, FrameError> {
    Ok(Frame {
        payload: payload.to_vec(),
        junk_before,
    })
}

#[test]
fn frames_are_found_wherever_the_stream_is_cut() {
    let stream = b"\r\nxx\x0BMSH|one\r\x1C\r\x0BMSH|two\x1C\x0B\x1C\r \x0BMSH|four\x1C\r";
    let expected = [
        frame(b"MSH|one\r", 4),
        frame(b"MSH|two", 0),
        frame(b"", 0),
        frame(b"MSH|four", 1),
    ];
    for cut in 0..=stream.len() {
        assert_eq!(all(stream, cut, 100), expected, "cut at {cut}");
    }
    let mut decoder = FrameDecoder::new(100);
    let mut results = Vec::new();
    for byte in stream {
        decoder.push(&[*byte]);
        results.extend(decoder.next().transpose());
    }
    assert_eq!(results, expected);
}

#[test]
fn a_long_frame_comes_whole_from_chunks_of_any_size() {
    // Longer than what is held while its room doubles.
    let payload: Vec<u8> = (0..3_000_000_u32)
        .map(|at| b'A' + (at % 23) as u8)
        .collect();
    for size in [4_096, 700_001, 3_000_003] {
        let mut decoder = FrameDecoder::new(payload.len());
        let mut stream = Vec::new();
        encode(&payload, &mut stream);
        for chunk in stream.chunks(size) {
            decoder.push(chunk);
        }
        assert_eq!(decoder.next(), frame(&payload, 0).map(Some));
    }
}

#[test]
fn a_frame_without_its_last_return_is_given_at_once() {
    let mut decoder = FrameDecoder::new(100);
    decoder.push(b"\x0BA");
    assert!(decoder.is_inside_frame());
    decoder.push(b"\x1C");
    assert_eq!(
        decoder.next().unwrap(),
        Some(Frame {
            payload: b"A".to_vec(),
            junk_before: 0
        })
    );
    decoder.push(b"\r\x0BB\x1C\r");
    assert_eq!(decoder.next().unwrap().unwrap().junk_before, 0);
    assert!(!decoder.is_inside_frame());
}

#[test]
fn broken_frames_are_errors_and_the_next_one_is_read() {
    let stream = b"\x0BABC\x0BDEF\x1C\r\x0B123456789\x1C\r\x0BGHI\x1C\r";
    for cut in 0..=stream.len() {
        let expected = [
            Err(FrameError::NestedStart { received: 3 }),
            frame(b"DEF", 0),
            Err(FrameError::TooLong { limit: 8 }),
            frame(b"GHI", 0),
        ];
        assert_eq!(all(stream, cut, 8), expected, "cut at {cut}");
    }
}

#[test]
fn junk_counts_the_same_however_it_is_cut() {
    let stream = b"more than eight\x0BABC\x1C\r";
    let expected = [Err(FrameError::NoStart { limit: 8 }), frame(b"ABC", 6)];
    for cut in 1..stream.len() {
        assert_eq!(all(stream, cut, 8), expected, "cut at {cut}");
    }
}

#[test]
fn endless_junk_is_an_error() {
    let mut decoder = FrameDecoder::new(8);
    decoder.push(b"GET / HTTP/1.1\r\n");
    assert_eq!(decoder.next(), Err(FrameError::NoStart { limit: 8 }));
}

#[test]
fn large_frames_come_whole_and_hold_no_more_than_they_need() {
    let limit = 4 << 20;
    for size in [
        64 << 10,
        (64 << 10) + 1,
        1 << 20,
        (1 << 20) + 1,
        3 << 20,
        limit,
    ] {
        let payload: Vec<u8> = (b'a'..=b'w').cycle().take(size).collect();
        let mut stream = Vec::new();
        encode(&payload, &mut stream);
        let mut decoder = FrameDecoder::new(limit);
        for chunk in stream.chunks(10_000) {
            decoder.push(chunk);
        }
        let found = decoder.next().unwrap().unwrap().payload;
        assert!(found == payload, "{size} bytes");
        let room = found.capacity();
        assert!(
            room <= limit && (room <= 1 << 20 || room <= 2 * size),
            "{room} for {size}"
        );
    }
}

proptest! {
    #[test]
    fn what_is_framed_comes_back(
        payloads in proptest::collection::vec(
            proptest::collection::vec(
                any::<u8>().prop_filter("no block", |byte| !matches!(byte, 0x0B | 0x1C)), 0..20),
            0..5),
        sizes in proptest::collection::vec(1_usize..9, 1..9),
    ) {
        let mut stream = Vec::new();
        for payload in &payloads {
            encode(payload, &mut stream);
        }
        let mut decoder = FrameDecoder::new(64);
        let mut rest = stream.as_slice();
        let mut found = Vec::new();
        for size in sizes.iter().cycle() {
            let (chunk, after) = rest.split_at((*size).min(rest.len()));
            decoder.push(chunk);
            while let Some(frame) = decoder.next().unwrap() {
                found.push(frame.payload);
            }
            rest = after;
            if rest.is_empty() { break; }
        }
        prop_assert_eq!(found, payloads);
        prop_assert!(!decoder.is_inside_frame());
    }
}
