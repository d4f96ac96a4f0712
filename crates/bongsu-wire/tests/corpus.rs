//! The fuzzer's corpus, as an ordinary test.

#[path = "support/round_trip.rs"]
mod round_trip;

#[test]
fn every_frame_of_the_corpus_is_refused_or_survives_a_round_trip() {
    let corpus = format!("{}/../../fuzz/corpus/frame", env!("CARGO_MANIFEST_DIR"));
    let mut frames = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        round_trip::check(&std::fs::read(entry.unwrap().path()).unwrap());
        frames += 1;
    }
    assert!(frames > 40, "the corpus has only {frames} frames");
}

#[test]
fn every_golden_request_cut_or_altered_anywhere_is_refused_or_survives_a_round_trip() {
    for line in include_str!("golden/requests.jsonl").lines() {
        for at in 0..line.len() {
            let (before, after) = line.as_bytes().split_at(at);
            round_trip::check(before);
            for byte in [b'"', b'{', b'}', b'[', b',', b'0', b'\\', b'n'] {
                let mut altered = before.to_vec();
                altered.push(byte);
                altered.extend_from_slice(&after[1..]);
                round_trip::check(&altered);
            }
        }
    }
}
