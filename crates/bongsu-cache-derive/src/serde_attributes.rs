//! What `#[serde(...)]` says about the bytes: each attribute is taken into account, known to change nothing, or refused.

use proc_macro2::Span;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Token};

use crate::rename::RenameRule;

/// On a type.
#[derive(Default)]
pub(crate) struct TypeWords {
    pub(crate) rename: Option<String>,
    pub(crate) rename_all: RenameRule,
    pub(crate) rename_all_fields: RenameRule,
    pub(crate) default: bool,
    pub(crate) transparent: bool,
    pub(crate) tag: Option<String>,
    pub(crate) content: Option<String>,
    pub(crate) untagged: bool,
    /// The attribute after which the type no longer says what the bytes are.
    pub(crate) foreign: Option<Foreign>,
}

/// On a field or a variant.
#[derive(Default)]
pub(crate) struct PartWords {
    pub(crate) rename: Option<String>,
    pub(crate) rename_all: Option<RenameRule>,
    pub(crate) default: bool,
    pub(crate) not_written: bool,
    pub(crate) not_read: bool,
    pub(crate) written_sometimes: bool,
    pub(crate) flattened: bool,
    pub(crate) untagged: bool,
    pub(crate) foreign: Option<Foreign>,
}

/// An attribute that lets other code write the bytes.
pub(crate) struct Foreign {
    pub(crate) span: Span,
    pub(crate) attribute: String,
}

impl Foreign {
    /// What the person who wrote it should do.
    pub(crate) fn refused(&self) -> syn::Error {
        let message = format!(
            "#[serde({})] lets other code write the bytes, so their structure cannot be seen: add \
             #[cache(opaque = \"what it writes\", rev = 1)] here, and raise `rev` whenever those bytes change",
            self.attribute
        );
        syn::Error::new(self.span, message)
    }
}

impl TypeWords {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<TypeWords> {
        let mut words = TypeWords::default();
        for meta in metas(attributes)? {
            let word = word(&meta);
            match word.as_str() {
                "rename" => words.rename = Some(one_name(&meta)?.value()),
                "rename_all" => words.rename_all = RenameRule::parse(&one_name(&meta)?)?,
                "rename_all_fields" => words.rename_all_fields = RenameRule::parse(&one_name(&meta)?)?,
                "default" => words.default = true,
                "transparent" => words.transparent = true,
                "tag" => words.tag = Some(text(&meta)?.value()),
                "content" => words.content = Some(text(&meta)?.value()),
                "untagged" => words.untagged = true,
                "from" | "into" | "try_from" | "remote" | "variant_identifier" | "field_identifier" => {
                    words.foreign.get_or_insert(Foreign { span: meta.span(), attribute: word });
                }
                // These change what is accepted or what is generated, never the bytes.
                "deny_unknown_fields" | "bound" | "crate" | "expecting" => {}
                _ => return Err(unknown(&meta, &word)),
            }
        }
        Ok(words)
    }
}

impl PartWords {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<PartWords> {
        let mut words = PartWords::default();
        for meta in metas(attributes)? {
            let word = word(&meta);
            match word.as_str() {
                "rename" => words.rename = Some(one_name(&meta)?.value()),
                "rename_all" => words.rename_all = Some(RenameRule::parse(&one_name(&meta)?)?),
                "default" => words.default = true,
                "skip" => {
                    words.not_written = true;
                    words.not_read = true;
                }
                "skip_serializing" => words.not_written = true,
                "skip_deserializing" => words.not_read = true,
                "skip_serializing_if" => words.written_sometimes = true,
                "flatten" => words.flattened = true,
                "untagged" => words.untagged = true,
                "with" | "serialize_with" | "deserialize_with" | "getter" => {
                    words.foreign.get_or_insert(Foreign { span: meta.span(), attribute: word });
                }
                // Other names and values accepted on the way in, never written.
                "alias" | "other" | "borrow" | "bound" => {}
                _ => return Err(unknown(&meta, &word)),
            }
        }
        Ok(words)
    }

    /// The bytes never hold it.
    pub(crate) fn is_absent(&self) -> bool {
        self.not_written && self.not_read
    }
}

fn metas(attributes: &[Attribute]) -> syn::Result<Vec<Meta>> {
    let mut metas = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        metas.extend(attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?);
    }
    Ok(metas)
}

fn word(meta: &Meta) -> String {
    meta.path().get_ident().map(ToString::to_string).unwrap_or_default()
}

/// `rename = "name"`, or `rename(serialize = "name", deserialize = "name")` with one and the same name.
fn one_name(meta: &Meta) -> syn::Result<LitStr> {
    let Meta::List(list) = meta else { return text(meta) };
    let inner = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?;
    let mut written = None;
    let mut read = None;
    for meta in &inner {
        match word(meta).as_str() {
            "serialize" => written = Some(text(meta)?),
            // Further names to read by are aliases.
            "deserialize" if read.is_none() => read = Some(text(meta)?),
            _ => {}
        }
    }
    match (written, read) {
        (Some(written), Some(read)) if written.value() == read.value() => Ok(written),
        _ => Err(syn::Error::new(
            meta.span(),
            "written under one name and read under another, an entry could never be read back: give one name for \
             both, or mark the whole type #[cache(opaque = \"name\", rev = 1)]",
        )),
    }
}

fn text(meta: &Meta) -> syn::Result<LitStr> {
    match &meta.require_name_value()?.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
        other => Err(syn::Error::new(other.span(), "expected a text in quotes")),
    }
}

fn unknown(meta: &Meta, word: &str) -> syn::Error {
    let message = format!(
        "CacheSchema does not know #[serde({word})], so it cannot say what it does to the bytes: mark the whole type \
         #[cache(opaque = \"name\", rev = 1)], and raise `rev` whenever its bytes change"
    );
    syn::Error::new(meta.span(), message)
}
