//! A Rust file as the compiler's lexer sees it: names with their lines, and which of them are only for tests.
//! Comments and strings can therefore speak of anything.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::tidy::tree::TextFile;

pub(crate) struct RustSource {
    /// In order of appearance, test code left out.
    pub(crate) names: Vec<Name>,
    /// Attributes of test code and of shipped code alike, by their first name.
    pub(crate) attributes: Vec<Name>,
    /// Lines of items that only exist for tests.
    pub(crate) test_lines: BTreeSet<usize>,
}

/// An identifier or a punctuation character.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl RustSource {
    /// `None` for a file that does not lex: the compiler says that better.
    pub(crate) fn read(file: &TextFile) -> Option<RustSource> {
        let tokens: TokenStream = file.text.parse().ok()?;
        let mut source =
            RustSource { names: Vec::new(), attributes: Vec::new(), test_lines: BTreeSet::new() };
        source.walk(tokens, is_test_file(&file.path));
        Some(source)
    }

    /// Walks one level; an attribute such as `#[cfg(test)]` makes everything up to the end of its item test code.
    fn walk(&mut self, tokens: TokenStream, in_test: bool) {
        let mut item_is_test = false;
        let mut after_hash = false;
        for token in tokens {
            let line = token.span().start().line;
            let is_attribute = after_hash && is_brackets(&token);
            if is_attribute {
                self.note_attribute(&token, line);
                item_is_test |= makes_test(&token);
            }
            if item_is_test {
                self.test_lines.extend(line..=token.span().end().line);
            }
            let ends_item = ends_item(&token);
            match token {
                TokenTree::Group(group) => self.walk(group.stream(), in_test || item_is_test),
                TokenTree::Ident(name) => self.note(in_test || item_is_test, name.to_string(), line),
                TokenTree::Punct(mark) => {
                    after_hash = mark.as_char() == '#' || (after_hash && mark.as_char() == '!');
                    self.note(in_test || item_is_test, mark.to_string(), line);
                    if ends_item {
                        item_is_test = false;
                    }
                    continue;
                }
                TokenTree::Literal(_) => {}
            }
            after_hash = false;
            if ends_item {
                item_is_test = false;
            }
        }
    }

    fn note(&mut self, in_test: bool, text: String, line: usize) {
        if !in_test {
            self.names.push(Name { text, line });
        }
    }

    fn note_attribute(&mut self, attribute: &TokenTree, line: usize) {
        if let Some(text) = words(attribute).into_iter().next() {
            self.attributes.push(Name { text, line });
        }
    }
}

/// Files that exist only for tests: integration tests, benches, and modules that their parent declares for tests.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.starts_with("crates/bongsu-testkit/")
        || path.ends_with("/tests.rs")
        || path.split('/').any(|folder| folder == "tests" || folder == "benches")
}

fn is_brackets(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket)
}

fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(mark) => mark.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    }
}

/// `[cfg(test)]`, `[cfg(all(test, ...))]`, `[test]`, `[tokio::test(...)]`; not `[cfg(not(test))]`, not `any`.
fn makes_test(attribute: &TokenTree) -> bool {
    let words = words(attribute);
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["cfg", "test"] | ["test"] | ["tokio", "test", ..] => true,
        ["cfg", "all", conditions @ ..] => {
            conditions.contains(&"test") && !conditions.contains(&"not") && !conditions.contains(&"any")
        }
        _ => false,
    }
}

/// The identifiers inside a group, at any depth.
fn words(token: &TokenTree) -> Vec<String> {
    match token {
        TokenTree::Group(group) => group.stream().into_iter().flat_map(|inner| words(&inner)).collect(),
        TokenTree::Ident(word) => vec![word.to_string()],
        TokenTree::Punct(_) | TokenTree::Literal(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> RustSource {
        let file = TextFile { path: "crates/bongsu-wire/src/frame.rs".to_owned(), text: text.to_owned() };
        RustSource::read(&file).unwrap()
    }

    fn idents(source: &RustSource) -> Vec<&str> {
        let is_word = |text: &&str| text.starts_with(char::is_alphabetic);
        source.names.iter().map(|name| name.text.as_str()).filter(is_word).collect()
    }

    #[test]
    fn comments_and_strings_hold_no_names() {
        assert_eq!(idents(&read("// Word\n/* Word */ fn a() { b(\"Word\"); }")), ["fn", "a", "b"]);
    }

    #[test]
    fn test_modules_and_test_functions_are_left_out_with_their_lines() {
        let source =
            read("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n#[test]\nfn d() {}\n");
        assert_eq!(idents(&source), ["fn", "a", "fn", "c"]);
        assert_eq!(source.test_lines, BTreeSet::from([2, 3, 4, 5, 7, 8]));
    }

    #[test]
    fn what_is_not_for_tests_only_stays() {
        let source = read("#[cfg(not(test))]\nfn a() {}\n#[cfg(any(test, feature = \"x\"))]\nfn b() {}\n");
        assert!(source.test_lines.is_empty());
        assert!(idents(&source).ends_with(&["fn", "b"]));
    }

    #[test]
    fn a_test_import_ends_at_its_semicolon() {
        assert_eq!(idents(&read("#[cfg(test)]\nuse a::b;\nuse c::d;\n")), ["use", "c", "d"]);
    }
}
