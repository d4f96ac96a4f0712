//! How serde renames: the rules of `rename_all`, for fields (snake_case in Rust) and variants (PascalCase in Rust).

use syn::LitStr;

/// A value of `rename_all` or `rename_all_fields`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum RenameRule {
    #[default]
    AsWritten,
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

const RULES: [(&str, RenameRule); 8] = [
    ("lowercase", RenameRule::Lower),
    ("UPPERCASE", RenameRule::Upper),
    ("PascalCase", RenameRule::Pascal),
    ("camelCase", RenameRule::Camel),
    ("snake_case", RenameRule::Snake),
    ("SCREAMING_SNAKE_CASE", RenameRule::ScreamingSnake),
    ("kebab-case", RenameRule::Kebab),
    ("SCREAMING-KEBAB-CASE", RenameRule::ScreamingKebab),
];

impl RenameRule {
    pub(crate) fn parse(rule: &LitStr) -> syn::Result<RenameRule> {
        let text = rule.value();
        let known = RULES.iter().find(|(name, _)| *name == text);
        known.map(|(_, rule)| *rule).ok_or_else(|| {
            let names = RULES.map(|(name, _)| name).join(", ");
            syn::Error::new(rule.span(), format!("serde knows no rename rule `{text}`; it knows {names}"))
        })
    }

    pub(crate) fn field(self, name: &str) -> String {
        match self {
            RenameRule::AsWritten | RenameRule::Lower | RenameRule::Snake => name.to_owned(),
            RenameRule::Upper | RenameRule::ScreamingSnake => name.to_ascii_uppercase(),
            RenameRule::Pascal => pascal(name),
            RenameRule::Camel => first_lower(&pascal(name)),
            RenameRule::Kebab => name.replace('_', "-"),
            RenameRule::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
        }
    }

    pub(crate) fn variant(self, name: &str) -> String {
        match self {
            RenameRule::AsWritten | RenameRule::Pascal => name.to_owned(),
            RenameRule::Lower => name.to_ascii_lowercase(),
            RenameRule::Upper => name.to_ascii_uppercase(),
            RenameRule::Camel => first_lower(name),
            RenameRule::Snake => snake(name),
            RenameRule::ScreamingSnake => snake(name).to_ascii_uppercase(),
            RenameRule::Kebab => snake(name).replace('_', "-"),
            RenameRule::ScreamingKebab => snake(name).to_ascii_uppercase().replace('_', "-"),
        }
    }
}

/// `joined_at` becomes `JoinedAt`.
fn pascal(name: &str) -> String {
    let mut renamed = String::with_capacity(name.len());
    let mut starts_word = true;
    for letter in name.chars() {
        if letter == '_' {
            starts_word = true;
        } else if starts_word {
            renamed.push(letter.to_ascii_uppercase());
            starts_word = false;
        } else {
            renamed.push(letter);
        }
    }
    renamed
}

/// `RoomClosed` becomes `room_closed`.
fn snake(name: &str) -> String {
    let mut renamed = String::with_capacity(name.len() + 4);
    for (position, letter) in name.char_indices() {
        if position > 0 && letter.is_uppercase() {
            renamed.push('_');
        }
        renamed.push(letter.to_ascii_lowercase());
    }
    renamed
}

fn first_lower(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::Span;

    fn both(rule: &str) -> (String, String) {
        let rule = RenameRule::parse(&LitStr::new(rule, Span::call_site())).unwrap();
        (rule.field("joined_at"), rule.variant("RoomClosed"))
    }

    #[test]
    fn every_rule_renames_fields_and_variants() {
        let expected = [
            ("lowercase", "joined_at", "roomclosed"),
            ("UPPERCASE", "JOINED_AT", "ROOMCLOSED"),
            ("PascalCase", "JoinedAt", "RoomClosed"),
            ("camelCase", "joinedAt", "roomClosed"),
            ("snake_case", "joined_at", "room_closed"),
            ("SCREAMING_SNAKE_CASE", "JOINED_AT", "ROOM_CLOSED"),
            ("kebab-case", "joined-at", "room-closed"),
            ("SCREAMING-KEBAB-CASE", "JOINED-AT", "ROOM-CLOSED"),
        ];
        for (rule, field, variant) in expected {
            assert_eq!(both(rule), (field.to_owned(), variant.to_owned()), "{rule}");
        }
    }

    #[test]
    fn an_unknown_rule_is_refused_with_the_known_ones() {
        let error = RenameRule::parse(&LitStr::new("Train-Case", Span::call_site())).unwrap_err();
        assert!(error.to_string().contains("camelCase"));
    }
}
