//! A structure as text, for people: every named type once, one line for a field.
//!
//! ```text
//! value: Conversation
//! struct Conversation {
//!     id: ConversationId
//!     members: seq<Member>
//!     topic: option<string> [default]
//! }
//! struct ConversationId(u64)
//! ```
//!
//! Fields and variants stand in the order that counts: as written for positional codecs, by name for others. A second
//! type of the same name and another structure is shown as `Name#2`.

use std::fmt::Write as _;

use crate::schema::fingerprint::structure;
use crate::schema::node::{EnumNode, Field, Fields, Kind, SchemaNode, Shape, StructNode, Tagging, Variant};

/// All that the schema hash sees of a structure, as text. Structures with equal texts have equal hashes.
#[must_use]
pub fn canonical_text(node: &'static SchemaNode, positional: bool) -> String {
    let mut writer = Writer { positional, definitions: Vec::new() };
    let value = writer.type_name(node, None);
    let mut text = format!("value: {value}\n");
    for definition in &writer.definitions {
        text.push_str(&definition.text);
    }
    text
}

struct Writer {
    positional: bool,
    /// In the order in which the types first appear.
    definitions: Vec<Definition>,
}

/// A named type. Types of one name and one structure are one definition.
struct Definition {
    name: &'static str,
    structure: u64,
    shown: String,
    text: String,
}

/// The types that hold the one being written, nearest first.
#[derive(Clone, Copy)]
struct Holder<'a> {
    identity: &'static str,
    shown: &'a str,
    up: Option<&'a Holder<'a>>,
}

impl Writer {
    fn type_name(&mut self, node: &'static SchemaNode, above: Option<&Holder<'_>>) -> String {
        match &node.kind {
            Kind::Primitive(name) => (*name).to_owned(),
            Kind::Optional(inner) => format!("option<{}>", self.type_name(inner, above)),
            Kind::Sequence(inner) => format!("seq<{}>", self.type_name(inner, above)),
            Kind::Set(inner) => format!("set<{}>", self.type_name(inner, above)),
            Kind::Map(key, value) => {
                format!("map<{}, {}>", self.type_name(key, above), self.type_name(value, above))
            }
            Kind::Array(inner, length) => format!("[{}; {length}]", self.type_name(inner, above)),
            Kind::Tuple(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.type_name(part, above)).collect();
                format!("({})", parts.join(", "))
            }
            Kind::Struct(inner) => self.define(node, inner.name, |writer, shown| {
                writer.structure(inner, &Holder { identity: inner.identity, shown, up: above })
            }),
            Kind::Enum(inner) => self.define(node, inner.name, |writer, shown| {
                writer.enumeration(inner, &Holder { identity: inner.identity, shown, up: above })
            }),
            Kind::Opaque { name, revision } => format!("opaque {name:?} {revision}"),
            Kind::BackReference { identity, .. } => match find(above, identity) {
                Some(shown) => shown.to_owned(),
                None => format!("unresolved {identity:?}"),
            },
        }
    }

    /// The name that the text uses for the type; its definition is written the first time.
    fn define(
        &mut self,
        node: &'static SchemaNode,
        name: &'static str,
        write: impl FnOnce(&mut Self, &str) -> String,
    ) -> String {
        let structure = structure(node, self.positional);
        let same_name: Vec<_> = self.definitions.iter().filter(|known| known.name == name).collect();
        if let Some(known) = same_name.iter().find(|known| known.structure == structure) {
            return known.shown.clone();
        }
        let shown = match same_name.len() {
            0 => type_word(name),
            others => format!("{}#{}", type_word(name), others + 1),
        };
        let place = self.definitions.len();
        self.definitions.push(Definition { name, structure, shown: shown.clone(), text: String::new() });
        self.definitions[place].text = write(self, &shown);
        shown
    }

    fn structure(&mut self, node: &StructNode, here: &Holder<'_>) -> String {
        let tag = node.tag.map(|tag| format!(" [tag {tag:?}]")).unwrap_or_default();
        format!("struct {}{tag}{}\n", here.shown, self.fields(&node.fields, here, 1))
    }

    fn enumeration(&mut self, node: &EnumNode, here: &Holder<'_>) -> String {
        let tagging = match node.tagging {
            Tagging::External => String::new(),
            Tagging::Internal { tag } => format!(" [tag {tag:?}]"),
            Tagging::Adjacent { tag, content } => format!(" [tag {tag:?}, content {content:?}]"),
            Tagging::Untagged => " [untagged]".to_owned(),
        };
        let mut text = format!("enum {}{tagging} {{\n", here.shown);
        let mut variants: Vec<&Variant> = node.variants.iter().collect();
        if self.positional {
            variants.sort_by_key(|variant| variant.position);
        }
        for variant in variants {
            let mut notes = notes(variant.flags);
            if variant.untagged {
                notes.push("untagged".to_owned());
            }
            // Names tell variants apart, places are told by the order of lines; a skipped place must still be seen.
            if self.positional || variant.untagged || matches!(node.tagging, Tagging::Untagged) {
                notes.push(format!("at {}", variant.position));
            }
            let fields = self.fields(&variant.fields, here, 2);
            writeln!(text, "    {}{}{fields}", word(variant.name), bracketed(&notes)).unwrap_or_default();
        }
        text.push_str("}\n");
        text
    }

    /// What follows the name of a struct or a variant.
    fn fields(&mut self, fields: &Fields, here: &Holder<'_>, depth: usize) -> String {
        let mut list: Vec<&Field> = fields.list.iter().collect();
        if self.positional {
            list.sort_by_key(|field| field.position);
        }
        match fields.shape {
            Shape::Unit => String::new(),
            Shape::Newtype | Shape::Tuple => {
                let parts: Vec<_> = list.iter().map(|field| self.field_type(field, here)).collect();
                // A tuple that lost all but one of its fields is not written as a newtype.
                let comma = if fields.shape == Shape::Tuple && parts.len() <= 1 { "," } else { "" };
                format!("({}{comma})", parts.join(", "))
            }
            Shape::Named => {
                let mut text = " {\n".to_owned();
                let indent = "    ".repeat(depth);
                for field in list {
                    let flattened = field.flags & Field::FLATTENED != 0;
                    let name = if flattened { "..".to_owned() } else { word(field.name) };
                    writeln!(text, "{indent}{name}: {}", self.field_type(field, here)).unwrap_or_default();
                }
                text + &"    ".repeat(depth - 1) + "}"
            }
        }
    }

    fn field_type(&mut self, field: &Field, here: &Holder<'_>) -> String {
        self.type_name(field.node, Some(here)) + &bracketed(&notes(field.flags))
    }
}

fn find<'a>(above: Option<&Holder<'a>>, identity: &str) -> Option<&'a str> {
    let mut next = above;
    while let Some(here) = next {
        if here.identity == identity {
            return Some(here.shown);
        }
        next = here.up;
    }
    None
}

fn notes(flags: u8) -> Vec<String> {
    let known = [
        (Field::DEFAULT, "default"),
        (Field::SOMETIMES, "not always written"),
        (Field::NOT_WRITTEN, "never written"),
        (Field::NOT_READ, "never read"),
    ];
    known.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, note)| (*note).to_owned()).collect()
}

fn bracketed(notes: &[String]) -> String {
    if notes.is_empty() { String::new() } else { format!(" [{}]", notes.join(", ")) }
}

/// The name of a type. One that begins like the built-in ones (`string`, `seq`) is quoted, so that no type passes for
/// them.
fn type_word(name: &str) -> String {
    if name.starts_with(|first: char| first.is_ascii_lowercase()) { format!("{name:?}") } else { word(name) }
}

/// A name as it is, or in quotes if it could be taken for something else.
fn word(name: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    if !name.is_empty() && name.chars().all(is_plain) { name.to_owned() } else { format!("{name:?}") }
}
