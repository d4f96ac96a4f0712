//! What `#[cache(...)]` says on a type, a variant or a field.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Lit, LitInt, LitStr, Path, Token, Type, WherePredicate, parse_quote};

use crate::quantity;

/// On a type.
pub(crate) struct TypeOptions {
    pub(crate) krate: Path,
    pub(crate) name: Option<LitStr>,
    pub(crate) opaque: Option<Opaque>,
    pub(crate) bound: Option<Vec<WherePredicate>>,
    pub(crate) model: Option<Model>,
}

/// What makes a type a model.
pub(crate) struct Model {
    pub(crate) name: LitStr,
    pub(crate) id: Type,
    pub(crate) codec: Option<Type>,
    pub(crate) revision: Option<LitInt>,
    /// What the settings start from.
    pub(crate) options: Option<Expr>,
    /// Calls on `EntryOptions`, such as `.with_ttl(...)`, in the order they were written.
    pub(crate) settings: Vec<TokenStream>,
}

/// On a field or a variant.
#[derive(Default)]
pub(crate) struct PartOptions {
    pub(crate) opaque: Option<Opaque>,
    pub(crate) back_reference: Option<BackReference>,
}

/// A structure that the derive does not look into.
pub(crate) struct Opaque {
    pub(crate) name: LitStr,
    pub(crate) revision: u32,
}

/// `#[cache(backref)]` or `#[cache(backref = Type)]`.
pub(crate) struct BackReference {
    pub(crate) span: Span,
    pub(crate) target: Option<Type>,
}

/// `opaque` and `rev` come in any order; together they are an [`Opaque`].
#[derive(Default)]
struct OpaqueWords {
    name: Option<LitStr>,
    revision: Option<LitInt>,
}

/// What a model is made of, before it is known to be one.
#[derive(Default)]
struct ModelWords {
    name: Option<LitStr>,
    id: Option<Type>,
    codec: Option<Type>,
    revision: Option<LitInt>,
    options: Option<Expr>,
    settings: Vec<TokenStream>,
    /// Where something was said that only a model can have.
    first: Option<Span>,
}

impl TypeOptions {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<TypeOptions> {
        let mut krate: Option<Path> = None;
        let mut name = None;
        let mut bound = None;
        let mut opaque = OpaqueWords::default();
        let mut words = ModelWords::default();
        for_each(attributes, |meta| {
            if meta.path.is_ident("crate") {
                krate = Some(meta.value()?.parse::<LitStr>()?.parse()?);
            } else if meta.path.is_ident("name") {
                name = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("bound") {
                bound = Some(predicates(&meta.value()?.parse()?)?);
            } else if !opaque.take(&meta)? && !words.take(&meta)? {
                return Err(unknown(&meta, "on a type"));
            }
            Ok(())
        })?;
        Ok(TypeOptions {
            krate: krate.unwrap_or_else(|| parse_quote!(::bongsu_cache)),
            name,
            opaque: opaque.finish()?,
            bound,
            model: words.finish()?,
        })
    }
}

impl PartOptions {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<PartOptions> {
        let mut opaque = OpaqueWords::default();
        let mut back_reference = None;
        for_each(attributes, |meta| {
            if meta.path.is_ident("backref") {
                let target = meta.input.peek(Token![=]).then(|| meta.value()?.parse()).transpose()?;
                back_reference = Some(BackReference::new(meta.path.span(), target));
            } else if !opaque.take(&meta)? {
                return Err(unknown(&meta, "on a field or a variant"));
            }
            Ok(())
        })?;
        Ok(PartOptions { opaque: opaque.finish()?, back_reference })
    }
}

impl OpaqueWords {
    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<bool> {
        if meta.path.is_ident("opaque") {
            self.name = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("rev") {
            self.revision = Some(meta.value()?.parse()?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn finish(self) -> syn::Result<Option<Opaque>> {
        match (self.name, self.revision) {
            (Some(name), Some(revision)) => Ok(Some(Opaque { name, revision: revision.base10_parse()? })),
            (Some(name), None) => Err(syn::Error::new(
                name.span(),
                "an opaque structure needs a revision, which you raise whenever its bytes change: add `rev = 1`",
            )),
            (None, Some(revision)) => Err(syn::Error::new(
                revision.span(),
                "`rev` belongs to `opaque = \"name\"`; the revision of a model is `revision`",
            )),
            (None, None) => Ok(None),
        }
    }
}

impl ModelWords {
    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<bool> {
        let Some(word) = meta.path.get_ident().map(ToString::to_string) else { return Ok(false) };
        match word.as_str() {
            "model" => self.name = Some(model_name(meta.value()?.parse()?)?),
            "id" => self.id = Some(meta.value()?.parse()?),
            "codec" => self.codec = Some(meta.value()?.parse()?),
            "revision" => self.revision = Some(meta.value()?.parse()?),
            "options" => self.options = Some(meta.value()?.parse()?),
            _ => match setting(&word, meta)? {
                Some(setting) => self.settings.push(setting),
                None => return Ok(false),
            },
        }
        self.first.get_or_insert(meta.path.span());
        Ok(true)
    }

    fn finish(self) -> syn::Result<Option<Model>> {
        let Some(first) = self.first else { return Ok(None) };
        let name = self.name.ok_or_else(|| {
            syn::Error::new(
                first,
                "this belongs to a model: add `model = \"name\"`, its name in keys and metrics",
            )
        })?;
        let id = self.id.ok_or_else(|| {
            syn::Error::new(
                name.span(),
                "a model needs the type of its ids: add `id = u64`, or your own id type",
            )
        })?;
        let Self { codec, revision, options, settings, .. } = self;
        Ok(Some(Model { name, id, codec, revision, options, settings }))
    }
}

/// One setting of `EntryOptions`; `None` if the word is none.
fn setting(word: &str, meta: &ParseNestedMeta<'_>) -> syn::Result<Option<TokenStream>> {
    let duration = || -> syn::Result<TokenStream> {
        let milliseconds = quantity::milliseconds(&meta.value()?.parse()?)?;
        Ok(quote!(::core::time::Duration::from_millis(#milliseconds)))
    };
    let size = || quantity::bytes(&meta.value()?.parse::<Lit>()?);
    let number = || meta.value()?.parse::<LitInt>();
    Ok(Some(match word {
        "ttl" => call("with_ttl", duration()?),
        "l1_ttl" => call("with_l1_ttl", duration()?),
        "stale_if_error" => call("with_stale_if_error", duration()?),
        "soft_timeout" => call("with_soft_timeout", duration()?),
        "hard_timeout" => call("with_hard_timeout", duration()?),
        "load_timeout" => call("with_load_timeout", duration()?),
        "negative_ttl" => call("with_negative_ttl", duration()?),
        "jitter" => call("with_jitter_percent", percent(number()?)?),
        "xfetch_beta" => call("with_xfetch_beta_milli", number()?),
        "compress_over" => call("with_compress_over_bytes", size()?),
        "max_bytes" => call("with_max_bytes", size()?),
        _ => return Ok(None),
    }))
}

fn call(method: &str, value: impl quote::ToTokens) -> TokenStream {
    let method = syn::Ident::new(method, Span::call_site());
    quote!(.#method(#value))
}

fn percent(number: LitInt) -> syn::Result<LitInt> {
    match number.base10_parse::<u8>() {
        Ok(0..=90) => Ok(number),
        _ => Err(syn::Error::new(number.span(), "jitter is a whole number of percent, 0 to 90")),
    }
}

/// The name goes into every key, so it is short and needs no escaping.
fn model_name(name: LitStr) -> syn::Result<LitStr> {
    let text = name.value();
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if (1..=32).contains(&text.len()) && text.chars().all(is_plain) {
        return Ok(name);
    }
    Err(syn::Error::new(name.span(), "a model's name is 1 to 32 of a-z, 0-9 and _"))
}

fn predicates(text: &LitStr) -> syn::Result<Vec<WherePredicate>> {
    let list = text.parse_with(Punctuated::<WherePredicate, Token![,]>::parse_terminated)?;
    Ok(list.into_iter().collect())
}

fn for_each(
    attributes: &[Attribute],
    mut take: impl FnMut(ParseNestedMeta<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("cache")) {
        attribute.parse_nested_meta(&mut take)?;
    }
    Ok(())
}

fn unknown(meta: &ParseNestedMeta<'_>, place: &str) -> syn::Error {
    let word = meta.path.get_ident().map_or_else(|| "this".to_owned(), |word| format!("`{word}`"));
    meta.error(format!("{word} is not known in #[cache(...)] {place}"))
}
