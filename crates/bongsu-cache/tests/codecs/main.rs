//! The bytes on the backplane and in the shared tier: round trips, hostile bytes, and the corpora of the fuzz targets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod round_trip;

use std::path::Path;
use std::time::Duration;

use bongsu_cache::Version;
use bongsu_cache::backplane::frame::{Body, ENTRIES_MAX, FRAME_BYTES_MAX, Frame, FrameError, Named, Stamp};
use bongsu_cache::contract::Epoch;
use bongsu_cache::envelope::{self, Content, EnvelopeError, Header, Sizes};
use bongsu_cache::schema::SchemaHash;
use bytes::Bytes;
use proptest::prelude::*;

use round_trip::{VALUE_BYTES_MAX, check_envelope, check_frame};

const SIZES: Sizes = Sizes { compress_over_bytes: 64, max_bytes: VALUE_BYTES_MAX };

fn frames() -> impl Strategy<Value = Frame> {
    let model = "[a-z0-9_]{1,32}";
    let named = (model, "[A-Za-z0-9_.:%~-]{0,160}").prop_map(|(model, id)| Named { model, id });
    let body = prop_oneof![
        prop::collection::vec(named.clone(), 1..20).prop_map(Body::Drop),
        prop::collection::vec(named, 1..20).prop_map(Body::Written),
        model.prop_map(Body::DropAll),
        Just(Body::Heartbeat),
        Just(Body::Bye),
    ];
    (any::<u64>(), any::<u64>(), any::<u64>(), body)
        .prop_map(|(origin, epoch, seq, body)| Frame { stamp: Stamp { origin, epoch, seq }, body })
}

fn headers() -> impl Strategy<Value = Header> {
    let numbers = (any::<u64>(), any::<u64>(), any::<u64>(), any::<u32>());
    (numbers, proptest::option::of(any::<u64>())).prop_map(|((schema, run, generation, load_us), version)| {
        Header {
            schema: SchemaHash::from_u64(schema),
            epoch: Epoch { run, generation },
            version: version.map(Version),
            load_time: Duration::from_micros(u64::from(load_us)),
        }
    })
}

fn values() -> impl Strategy<Value = Option<Vec<u8>>> {
    let random = prop::collection::vec(any::<u8>(), 0..500);
    let repetitive = (any::<u8>(), 0..4096_usize).prop_map(|(byte, count)| vec![byte; count]);
    proptest::option::of(prop_oneof![random, repetitive])
}

proptest! {
    #[test]
    fn a_frame_reads_as_it_was_written(frame in frames()) {
        prop_assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }

    #[test]
    fn a_frame_that_was_cut_or_lengthened_is_refused(frame in frames(), cut in any::<prop::sample::Index>()) {
        let bytes = frame.encode();
        prop_assert!(Frame::decode(&bytes[..cut.index(bytes.len())]).is_err());
        prop_assert_eq!(Frame::decode(&[&bytes[..], &[0]].concat()), Err(FrameError::TooLong));
    }

    #[test]
    fn an_entry_reads_as_it_was_written(header in headers(), id in "[a-z0-9:]{0,160}", value in values()) {
        let bytes = envelope::encode(&header, &id, value.as_deref(), SIZES).unwrap();
        let read = envelope::decode(&bytes, VALUE_BYTES_MAX).unwrap();
        prop_assert_eq!(read.header, header);
        prop_assert_eq!(read.id, id);
        let content = value.map_or(Content::Absent, |value| Content::Value(value.into()));
        prop_assert_eq!(read.content, content);
    }

    #[test]
    fn a_changed_byte_never_breaks_the_reader(
        header in headers(),
        value in values(),
        frame in frames(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        for (bytes, check) in [
            (envelope::encode(&header, "7", value.as_deref(), SIZES).unwrap(), check_envelope as fn(&[u8])),
            (frame.encode(), check_frame as fn(&[u8])),
        ] {
            let mut changed = bytes.to_vec();
            changed[at.index(bytes.len())] = byte;
            check(&changed);
        }
    }

    #[test]
    fn any_bytes_can_be_given_to_both_readers(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        check_frame(&bytes);
        check_envelope(&bytes);
    }
}

fn header() -> Header {
    Header {
        schema: SchemaHash::from_u64(0x0123_4567_89ab_cdef),
        epoch: Epoch { run: 1, generation: 2 },
        version: Some(Version(3)),
        load_time: Duration::from_micros(4),
    }
}

#[test]
fn the_header_stands_where_scripts_of_the_server_look() {
    let bytes = envelope::encode(&header(), "42", Some(b"value"), SIZES).unwrap();
    assert_eq!(bytes[..4], [0xB5, 1, envelope::FLAG_VERSIONED, 0]);
    assert_eq!(bytes[envelope::EPOCH_AT], [1_u64.to_be_bytes(), 2_u64.to_be_bytes()].concat());
    assert_eq!(bytes[envelope::VERSION_AT], 3_u64.to_be_bytes());
    assert_eq!(bytes[envelope::HEADER_BYTES..], *b"42value");
}

#[test]
fn a_value_over_the_limit_is_refused_with_its_size() {
    let sizes = Sizes { compress_over_bytes: 0, max_bytes: 10 };
    assert_eq!(
        envelope::encode(&header(), "1", Some(&[0; 11]), sizes),
        Err(EnvelopeError::TooLarge { bytes: 11 })
    );
    let larger = Sizes { max_bytes: 1000, ..sizes };
    let bytes = envelope::encode(&header(), "1", Some(&[0; 500]), larger).unwrap();
    assert!(bytes.len() < 200, "compressed");
    assert_eq!(envelope::decode(&bytes, 10), Err(EnvelopeError::TooLarge { bytes: 500 }));
}

#[test]
fn a_compressed_value_that_lies_about_its_length_is_refused() {
    let sizes = Sizes { compress_over_bytes: 0, max_bytes: 1000 };
    let bytes = envelope::encode(&header(), "1", Some(&[0; 500]), sizes).unwrap();
    let length_at = envelope::HEADER_BYTES + 1;
    for length in [0_u32, 499, 501, 1000] {
        let mut lying = bytes.to_vec();
        lying[length_at..length_at + 4].copy_from_slice(&length.to_be_bytes());
        assert_eq!(envelope::decode(&Bytes::from(lying), 1000), Err(EnvelopeError::Compression), "{length}");
    }
}

#[test]
fn a_small_entry_that_would_become_a_huge_value_is_refused() {
    const HUGE: u32 = 16 << 20;
    let sizes = Sizes { compress_over_bytes: 0, max_bytes: HUGE };
    let bytes = envelope::encode(&header(), "1", Some(&vec![0; HUGE as usize]), sizes).unwrap();
    assert!(bytes.len() < 4096, "it comes as {} bytes", bytes.len());
    assert_eq!(envelope::decode(&bytes, 1000), Err(EnvelopeError::TooLarge { bytes: HUGE.into() }));
    // It lies about its length, so that the limit lets it pass: no more is taken than it says.
    let mut lying = bytes.to_vec();
    let length_at = envelope::HEADER_BYTES + 1;
    lying[length_at..length_at + 4].copy_from_slice(&1000_u32.to_be_bytes());
    assert_eq!(envelope::decode(&Bytes::from(lying), 1000), Err(EnvelopeError::Compression));
}

#[test]
fn the_fullest_frame_can_be_read_and_a_longer_one_is_refused() {
    let longest = Named { model: "m".repeat(32), id: "i".repeat(160) };
    let stamp = Stamp { origin: 1, epoch: 2, seq: 3 };
    let fullest = Frame { stamp, body: Body::Drop(vec![longest; ENTRIES_MAX]) };
    let mut bytes = fullest.encode().to_vec();
    assert!(bytes.len() <= FRAME_BYTES_MAX);
    assert_eq!(Frame::decode(&bytes), Ok(fullest));
    bytes.resize(FRAME_BYTES_MAX + 1, 0);
    assert_eq!(Frame::decode(&bytes), Err(FrameError::TooLong));
    // As many entries as the count can say, and none of them there.
    bytes.truncate(30);
    bytes[28..].copy_from_slice(&u16::MAX.to_be_bytes());
    assert_eq!(Frame::decode(&bytes), Err(FrameError::OutOfBounds));
}

#[test]
fn the_corpora_hold_and_have_both_readable_and_unreadable_bytes() {
    for (folder, check, reads) in [
        ("cache_frame", check_frame as fn(&[u8]), frame_reads as fn(&[u8]) -> bool),
        ("cache_envelope", check_envelope as fn(&[u8]), envelope_reads as fn(&[u8]) -> bool),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(folder);
        let (mut readable, mut unreadable) = (0, 0);
        for file in std::fs::read_dir(&folder).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            check(&bytes);
            if reads(&bytes) { readable += 1 } else { unreadable += 1 }
        }
        assert!(readable >= 4 && unreadable >= 4, "{}: {readable} and {unreadable}", folder.display());
    }
}

fn frame_reads(bytes: &[u8]) -> bool {
    Frame::decode(bytes).is_ok()
}

fn envelope_reads(bytes: &[u8]) -> bool {
    envelope::decode(&Bytes::copy_from_slice(bytes), VALUE_BYTES_MAX).is_ok()
}
