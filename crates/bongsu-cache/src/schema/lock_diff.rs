//! What changed between two texts of a model, by type and field.

use std::fmt;

/// A model of a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) model: String,
    lines: Vec<Line>,
}

/// A field, a variant, a type or a setting: where it stands and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    /// `Conversation.topic`, `Event::Moved`, `Event::Moved.from`, `revision`.
    path: String,
    is: String,
}

/// A difference that a person can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Added { path: String, is: String },
    Removed { path: String, was: String },
    Changed { path: String, was: String, is: String },
    Moved { path: String },
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Added { path, is } => write!(out, "+ {path}: {is}"),
            Change::Removed { path, was } => write!(out, "- {path}: {was}"),
            Change::Changed { path, was, is } => write!(out, "~ {path}: {was} -> {is}"),
            Change::Moved { path } => write!(out, "~ {path}: moved, and the codec goes by position"),
        }
    }
}

impl Block {
    /// The models of a text, in its order. Lines before the first model are comments.
    pub(crate) fn read_all(text: &str) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut reader = Reader::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            if let Some(model) = line.strip_prefix("model ") {
                blocks.push(Block { model: model.trim().to_owned(), lines: Vec::new() });
                reader = Reader::default();
            } else if let Some(block) = blocks.last_mut() {
                block.lines.extend(reader.line(line));
            }
        }
        blocks
    }

    /// The thirteen letters.
    pub(crate) fn key(&self) -> Option<&str> {
        self.lines.iter().find(|line| line.path == "key").map(|line| line.is.as_str())
    }

    fn find(&self, path: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.path == path)
    }
}

/// Additions and removals next to each other in the order of the new text, then what is gone. The key is left out: it
/// is the consequence.
pub(crate) fn changes(old: &Block, new: &Block) -> Vec<Change> {
    let mut changes = Vec::new();
    for line in new.lines.iter().filter(|line| line.path != "key") {
        let Line { path, is } = line.clone();
        match old.find(&path) {
            None => changes.push(Change::Added { path, is }),
            Some(before) if before.is != is => {
                changes.push(Change::Changed { path, was: before.is.clone(), is });
            }
            Some(_) => {}
        }
    }
    for Line { path, is } in &old.lines {
        if new.find(path).is_none() {
            changes.push(Change::Removed { path: path.clone(), was: is.clone() });
        }
    }
    if changes.is_empty() {
        changes.extend(first_moved(old, new));
    }
    changes
}

fn first_moved(old: &Block, new: &Block) -> Option<Change> {
    let mut pairs = old.lines.iter().zip(&new.lines);
    let (_, moved) = pairs.find(|(before, after)| before.path != after.path)?;
    Some(Change::Moved { path: moved.path.clone() })
}

/// Knows which type and which variant the next line belongs to.
#[derive(Default)]
struct Reader {
    type_name: Option<String>,
    is_enum: bool,
    variant: Option<String>,
    /// Flattened fields have no names: they are counted.
    flattened: usize,
}

impl Reader {
    fn line(&mut self, line: &str) -> Option<Line> {
        let depth = (line.len() - line.trim_start().len()) / 4;
        let text = line.trim();
        if text == "}" {
            return None;
        }
        let (keyword, rest) = text.split_once(' ').unwrap_or((text, ""));
        if depth == 0 && (keyword == "struct" || keyword == "enum") {
            return Some(self.definition(keyword, rest));
        }
        match (&self.type_name, &self.variant) {
            (None, _) => Some(Self::named(String::new(), text)),
            (Some(name), None) if !self.is_enum => self.field(&format!("{name}."), text),
            (Some(name), Some(variant)) if depth == 2 => self.field(&format!("{name}::{variant}."), text),
            (Some(name), _) => {
                let (variant, is) = cut(text);
                let path = format!("{name}::{variant}");
                self.variant = Some(variant.to_owned());
                Some(Line { path, is: described("variant", is) })
            }
        }
    }

    fn definition(&mut self, keyword: &str, rest: &str) -> Line {
        let (name, is) = cut(rest);
        *self = Self {
            type_name: Some(name.to_owned()),
            is_enum: keyword == "enum",
            variant: None,
            flattened: 0,
        };
        Line { path: name.to_owned(), is: described(keyword, is) }
    }

    fn field(&mut self, place: &str, text: &str) -> Option<Line> {
        if let Some(is) = text.strip_prefix("..: ") {
            self.flattened += 1;
            return Some(Line { path: format!("{place}..{}", self.flattened), is: is.to_owned() });
        }
        Some(Self::named(place.to_owned(), text))
    }

    fn named(place: String, text: &str) -> Line {
        let (name, is) = cut(text);
        Line { path: place + name, is: is.strip_prefix(": ").unwrap_or(is).to_owned() }
    }
}

/// Cuts after a name, which may be in quotes.
fn cut(text: &str) -> (&str, &str) {
    let length = if text.starts_with('"') { quoted_length(text) } else { text.find([' ', '(', ':', '{']) };
    text.split_at(length.unwrap_or(text.len()))
}

fn quoted_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (place, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return Some(place + 1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

/// `struct (u64)`, `enum [tag "type"]`, `variant`: what a type or a variant is, without the brace of its list.
fn described(keyword: &str, is: &str) -> String {
    let is = is.trim().trim_end_matches('{').trim_end();
    if is.is_empty() { keyword.to_owned() } else { format!("{keyword} {is}") }
}
