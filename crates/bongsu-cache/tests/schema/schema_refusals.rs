//! What does not compile, and what the compiler says instead. `TRYBUILD=overwrite` rewrites the expected words.

#[test]
fn schema_faults_are_compile_errors_that_say_what_to_do() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
