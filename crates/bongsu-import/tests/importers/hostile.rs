//! Every reader over its own fixtures cut off anywhere, with bytes changed, and over anything at all: errors, no panics.

use std::path::PathBuf;
use std::sync::Arc;

use bongsu_import::irc::Slice;
use bongsu_import::slack::Workspace;
use bongsu_import::{Archive, ReadError, Source, read_whole};
use proptest::prelude::*;

use crate::support::{limits, zip_of};
use crate::{discord, jsonl, kakao, mattermost, slack, telegram, whatsapp};

type Open = fn(&[u8]) -> Result<Arc<dyn Source>, ReadError>;

fn shared<S: Source + 'static>(source: Result<S, ReadError>) -> Result<Arc<dyn Source>, ReadError> {
    source.map(|source| Arc::new(source) as Arc<dyn Source>)
}

/// Every reader of one file, with fixtures of its own.
fn readers() -> Vec<(&'static str, Open, Vec<&'static [u8]>)> {
    let kakao: Vec<&[u8]> = vec![
        kakao::WINDOWS.as_bytes(),
        kakao::ANDROID.as_bytes(),
        kakao::IOS.as_bytes(),
        kakao::MACOS.as_bytes(),
    ];
    vec![
        ("kakao", |bytes| shared(kakao::open("a.txt", bytes)), kakao),
        (
            "whatsapp",
            |bytes| shared(whatsapp::open(bytes)),
            vec![whatsapp::ANDROID.as_bytes(), whatsapp::IOS.as_bytes()],
        ),
        ("mattermost", |bytes| shared(mattermost::open(bytes)), vec![mattermost::EXPORT.as_bytes()]),
        ("discord", |bytes| shared(discord::open(bytes)), vec![discord::CHANNEL.as_bytes()]),
        ("telegram", |bytes| shared(telegram::open(bytes)), vec![telegram::CHAT.as_bytes()]),
        ("jsonl", |bytes| shared(jsonl::open(bytes)), vec![jsonl::LINES.as_bytes()]),
    ]
}

/// Reads it; an error must name the file, and every message must be within the limits.
fn try_to_read(name: &str, open: Open, bytes: &[u8]) {
    match open(bytes).and_then(|source| read_whole(&*source, &limits())) {
        Ok(rooms) => {
            for message in rooms.iter().flat_map(|room| &room.messages) {
                assert!(message.text.len() <= limits().text_bytes, "{name}");
                assert!(!message.text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{name}");
                assert!(!message.text.is_empty() || message.data.is_some(), "{name}");
            }
        }
        Err(error) => {
            let error = error.to_string();
            assert!(error.contains(", line ") || error.contains(": "), "{name}: {error}");
        }
    }
}

#[test]
fn fixtures_cut_off_anywhere_are_read_or_refused() {
    for (name, open, fixtures) in readers() {
        for fixture in fixtures {
            for end in 0..=fixture.len() {
                try_to_read(name, open, &fixture[..end]);
            }
        }
    }
}

#[test]
fn documents_cut_off_anywhere_are_refused() {
    for (name, open, fixtures) in
        readers().into_iter().filter(|(name, ..)| matches!(*name, "discord" | "telegram"))
    {
        for fixture in fixtures {
            for end in 0..fixture.len() {
                let read = open(&fixture[..end]).and_then(|source| read_whole(&*source, &limits()));
                assert!(read.is_err(), "{name} cut at {end} was taken for a whole one");
            }
        }
    }
}

#[test]
fn a_zip_cut_off_or_changed_anywhere_is_read_or_refused() {
    let (dir, path) = zip_of("export.zip", &slack::PARTS);
    let whole = std::fs::read(&path).unwrap();
    let other = dir.path().join("other.zip");
    let read = |bytes: &[u8]| {
        std::fs::write(&other, bytes).unwrap();
        Workspace::open(&other).and_then(|source| read_whole(&source, &limits())).map(|rooms| rooms.len())
    };
    for end in (0..whole.len()).step_by(7) {
        assert!(read(&whole[..end]).is_err(), "cut at {end}");
    }
    for at in (0..whole.len()).step_by(5) {
        let mut changed = whole.clone();
        changed[at] = changed[at].wrapping_add(1);
        match read(&changed) {
            Ok(rooms) => assert!(rooms <= 4, "byte {at}"),
            Err(error) => assert!(error.to_string().contains("other.zip"), "byte {at}: {error}"),
        }
    }
}

#[test]
fn an_irc_log_of_anything_is_read_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join("2005-06-27.raw.txt");
    for text in [
        "[",
        "[99:99] <a> b",
        "[12:00] <a> ",
        "[12:00] <\u{0}> x",
        "a 2000-02-30 [12:00] <a> x",
        "[12:00]  * ",
    ] {
        std::fs::write(&path, text).unwrap();
        if let Ok(slice) = Slice::open(&path) {
            read_whole(&slice, &limits()).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn anything_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        for (name, open, _) in readers() {
            try_to_read(name, open, &bytes);
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.zip");
        std::fs::write(&path, &bytes).unwrap();
        prop_assert!(Archive::open(&path).is_err());
    }

    #[test]
    fn fixtures_with_bytes_changed_are_read_or_refused(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        for (name, open, fixtures) in readers() {
            for fixture in fixtures {
                let mut bytes = fixture.to_vec();
                for (at, byte) in &changes {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
                try_to_read(name, open, &bytes);
            }
        }
    }

    #[test]
    fn lines_put_together_anyhow_are_read_or_refused(
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 1..40),
    ) {
        for (name, open, fixtures) in readers() {
            let lines: Vec<&[u8]> = fixtures.iter().flat_map(|fixture| fixture.split(|byte| *byte == b'\n')).collect();
            let picked: Vec<&[u8]> = picks.iter().map(|pick| lines[pick.index(lines.len())]).collect();
            try_to_read(name, open, &picked.join(&b'\n'));
        }
    }
}
