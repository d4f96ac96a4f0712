//! The conformance suite over every engine of this crate.

mod engines;

mod memory {
    bongsu_store::conformance_suite!(crate::engines::memory());

    /// A case that nobody runs proves nothing.
    #[test]
    fn every_case_that_is_written_is_in_the_suite() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/conformance");
        let mut written = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
            written += source.matches("\npub async fn ").count();
        }
        assert_eq!(CASES.len(), written);
    }
}

#[cfg(feature = "embedded")]
mod embedded {
    bongsu_store::conformance_suite!(crate::engines::embedded(64 << 20));
}
