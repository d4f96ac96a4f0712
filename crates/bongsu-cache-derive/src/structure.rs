//! The structure of a type as an expression: fields and variants under the names that serde gives them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DataEnum, DeriveInput, Field, Fields, Path, Variant};

use crate::back_reference;
use crate::cache_attributes::{Opaque, PartOptions};
use crate::rename::RenameRule;
use crate::serde_attributes::{PartWords, TypeWords};

/// An expression of type `SchemaNode`.
pub(crate) fn of_type(
    input: &DeriveInput,
    serde: &TypeWords,
    krate: &Path,
    name: &str,
) -> syn::Result<TokenStream> {
    let mut walk = Walk {
        input,
        serde,
        krate,
        type_name: input.ident.to_string(),
        errors: None,
        positional_fault: None,
    };
    let node = match &input.data {
        Data::Struct(data) if serde.transparent => walk.transparent(&data.fields),
        Data::Struct(data) => walk.structure(&data.fields, name),
        Data::Enum(data) => walk.enumeration(data, name),
        Data::Union(_) => Err(syn::Error::new_spanned(&input.ident, "a union has no structure to describe")),
    };
    match (node, walk.errors) {
        (Ok(node), None) => Ok(node),
        (Ok(_), Some(errors)) => Err(errors),
        (Err(error), None) => Err(error),
        (Err(error), Some(mut errors)) => {
            errors.combine(error);
            Err(errors)
        }
    }
}

/// An expression of type `SchemaNode` for what the derive does not look into.
pub(crate) fn opaque(opaque: &Opaque, krate: &Path) -> TokenStream {
    let Opaque { name, revision } = opaque;
    quote!(#krate::schema::SchemaNode::opaque(#name, #revision))
}

struct Walk<'a> {
    input: &'a DeriveInput,
    serde: &'a TypeWords,
    krate: &'a Path,
    type_name: String,
    errors: Option<syn::Error>,
    /// Why a positional codec cannot read the type back; the first reason is enough.
    positional_fault: Option<String>,
}

/// A field or a variant on its way into a list: sorted by name, what has no name last, in the order it was written.
struct Part {
    name: Option<String>,
    tokens: TokenStream,
}

impl Walk<'_> {
    fn structure(&mut self, fields: &Fields, name: &str) -> syn::Result<TokenStream> {
        let krate = self.krate;
        let type_name = self.type_name.clone();
        if self.serde.tag.is_some() {
            self.refuse_positional(&type_name, "#[serde(tag)] on a struct is written and not read");
        }
        let fields = self.fields(fields, &type_name, self.serde.rename_all, self.serde.default);
        let tag = option(self.serde.tag.as_deref());
        let fault = option(self.positional_fault.as_deref());
        Ok(quote! {
            #krate::schema::SchemaNode::of_struct(#krate::schema::node::StructNode {
                identity: <Self as #krate::schema::SchemaIdentity>::IDENTITY,
                name: #name,
                tag: #tag,
                fields: #fields,
                positional_fault: #fault,
            })
        })
    }

    fn enumeration(&mut self, data: &DataEnum, name: &str) -> syn::Result<TokenStream> {
        let krate = self.krate;
        let tagging = self.tagging();
        let mut parts = Vec::new();
        let mut skipped = false;
        for (position, variant) in (0_u32..).zip(&data.variants) {
            let place = format!("{}::{}", self.type_name, variant.ident);
            let Some(words) = self.note(PartWords::read(&variant.attrs)) else { continue };
            if words.is_absent() {
                skipped = true;
                continue;
            }
            if skipped {
                self.refuse_positional(
                    &place,
                    "a skipped variant stands before it, so it is written under one number and read under another",
                );
            }
            if let Some(part) = self.variant(variant, &words, position, &place) {
                parts.push(part);
            }
        }
        // The first untagged variant that fits is read: their order is part of the type.
        if !self.serde.untagged {
            parts.sort_by(|left, right| left.name.cmp(&right.name));
        }
        let variants = parts.iter().map(|part| &part.tokens);
        let fault = option(self.positional_fault.as_deref());
        Ok(quote! {
            #krate::schema::SchemaNode::of_enum(#krate::schema::node::EnumNode {
                identity: <Self as #krate::schema::SchemaIdentity>::IDENTITY,
                name: #name,
                tagging: #tagging,
                variants: &[#(#variants),*],
                positional_fault: #fault,
            })
        })
    }

    /// How serde says which variant it is.
    fn tagging(&mut self) -> TokenStream {
        let tagging = {
            let krate = self.krate;
            quote!(#krate::schema::node::Tagging)
        };
        let type_name = self.type_name.clone();
        let (attribute, tokens) = match (&self.serde.tag, &self.serde.content) {
            _ if self.serde.untagged => ("untagged", quote!(#tagging::Untagged)),
            (Some(tag), Some(content)) => {
                ("tag, content", quote!(#tagging::Adjacent { tag: #tag, content: #content }))
            }
            (Some(tag), None) => ("tag", quote!(#tagging::Internal { tag: #tag })),
            (None, _) => return quote!(#tagging::External),
        };
        self.refuse_positional(
            &type_name,
            &format!("an enum that is #[serde({attribute})] finds its variant by names in the bytes"),
        );
        tokens
    }

    fn variant(&mut self, variant: &Variant, words: &PartWords, position: u32, place: &str) -> Option<Part> {
        let krate = self.krate;
        let options = self.note(PartOptions::read(&variant.attrs))?;
        let renamed = || self.serde.rename_all.variant(&variant.ident.unraw().to_string());
        let name = words.rename.clone().unwrap_or_else(renamed);
        if words.untagged {
            self.refuse_positional(place, "a variant that is #[serde(untagged)] is found by trying");
        }
        self.refuse_one_way(words, place);
        let fields = match (&options.opaque, &words.foreign) {
            (Some(opaque_payload), _) => {
                let node = opaque(opaque_payload, krate);
                quote! {
                    #krate::schema::node::Fields {
                        shape: #krate::schema::node::Shape::Newtype,
                        list: &[#krate::schema::node::Field { name: "", position: 0, flags: 0, node: &#node }],
                    }
                }
            }
            (None, Some(foreign)) => {
                self.note::<()>(Err(foreign.refused()));
                return None;
            }
            (None, None) => {
                let rule = words.rename_all.unwrap_or(self.serde.rename_all_fields);
                self.fields(&variant.fields, place, rule, false)
            }
        };
        let flags = flags(words, false);
        let untagged = words.untagged;
        let tokens = quote! {
            #krate::schema::node::Variant {
                name: #name, position: #position, flags: #flags, untagged: #untagged, fields: #fields,
            }
        };
        Some(Part { name: Some(name), tokens })
    }

    /// An expression of type `Fields`.
    fn fields(&mut self, fields: &Fields, place: &str, rule: RenameRule, all_default: bool) -> TokenStream {
        let krate = self.krate;
        let shape = match fields {
            Fields::Unit => quote!(Unit),
            Fields::Unnamed(list) if list.unnamed.len() == 1 => quote!(Newtype),
            Fields::Unnamed(_) => quote!(Tuple),
            Fields::Named(_) => quote!(Named),
        };
        let mut parts = Vec::new();
        let mut position: u32 = 0;
        for (index, field) in fields.iter().enumerate() {
            let Some(words) = self.note(PartWords::read(&field.attrs)) else { continue };
            if words.is_absent() {
                continue;
            }
            let place = match &field.ident {
                Some(ident) => format!("{place}.{}", ident.unraw()),
                None => format!("{place}.{index}"),
            };
            self.refuse_by_position(&words, &place);
            let Some((node, _)) = self.field_node(field, &words) else { continue };
            let renamed = field.ident.as_ref().map(|ident| rule.field(&ident.unraw().to_string()));
            let name =
                if words.flattened { None } else { renamed.map(|name| words.rename.clone().unwrap_or(name)) };
            let flags = flags(&words, all_default);
            let shown = name.clone().unwrap_or_default();
            let tokens = quote! {
                #krate::schema::node::Field { name: #shown, position: #position, flags: #flags, node: #node }
            };
            parts.push(Part { name, tokens });
            position += 1;
        }
        // Stable: fields without a name keep the order they were written in, and stand last.
        parts.sort_by(|left, right| {
            (left.name.is_none(), &left.name).cmp(&(right.name.is_none(), &right.name))
        });
        let list = parts.iter().map(|part| &part.tokens);
        quote! {
            #krate::schema::node::Fields { shape: #krate::schema::node::Shape::#shape, list: &[#(#list),*] }
        }
    }

    /// An expression of type `&'static SchemaNode`, and whether the field holds the type itself.
    fn field_node(&mut self, field: &Field, words: &PartWords) -> Option<(TokenStream, bool)> {
        let krate = self.krate;
        let options = self.note(PartOptions::read(&field.attrs))?;
        match (&options.opaque, &words.foreign) {
            (Some(opaque_field), _) => {
                let node = opaque(opaque_field, krate);
                Some((quote!(&#node), false))
            }
            (None, Some(foreign)) => {
                self.note::<()>(Err(foreign.refused()));
                None
            }
            (None, None) => {
                let asked = options.back_reference.as_ref();
                let described = self.note(back_reference::describe(&field.ty, self.input, asked, krate))?;
                let ty = described.ty;
                Some((quote!(<#ty as #krate::schema::CacheSchema>::NODE), described.holds_itself))
            }
        }
    }

    /// `#[serde(transparent)]`: the bytes are those of the one field.
    fn transparent(&mut self, fields: &Fields) -> syn::Result<TokenStream> {
        let krate = self.krate;
        let mut kept = Vec::new();
        for field in fields {
            let words = PartWords::read(&field.attrs)?;
            // serde passes over fields that are skipped, and over markers.
            if !words.is_absent() && !is_marker(field) {
                kept.push((field, words));
            }
        }
        let [(field, words)] = kept.as_slice() else {
            let message = "a #[serde(transparent)] type has exactly one field that is written";
            return Err(syn::Error::new_spanned(&self.input.ident, message));
        };
        match self.field_node(field, words) {
            Some((_, true)) => Err(syn::Error::new_spanned(
                &field.ty,
                "a #[serde(transparent)] type that holds itself has nothing to refer back to: remove `transparent`, \
                 or mark the field #[cache(opaque = \"name\", rev = 1)]",
            )),
            Some((node, false)) => Ok(quote!(#krate::schema::SchemaNode::same_as(#node))),
            // The error is among those noted.
            None => Ok(TokenStream::new()),
        }
    }

    fn refuse_by_position(&mut self, words: &PartWords, place: &str) {
        if words.flattened {
            self.refuse_positional(place, "#[serde(flatten)] finds its fields by names in the bytes");
        }
        if words.written_sometimes {
            self.refuse_positional(
                place,
                "#[serde(skip_serializing_if)] leaves the field out, and what follows is read in its place",
            );
        }
        self.refuse_one_way(words, place);
    }

    fn refuse_one_way(&mut self, words: &PartWords, place: &str) {
        if words.not_written != words.not_read {
            let attribute = if words.not_written { "skip_serializing" } else { "skip_deserializing" };
            self.refuse_positional(
                place,
                &format!("#[serde({attribute})] makes what is written differ from what is read"),
            );
        }
    }

    fn refuse_positional(&mut self, place: &str, reason: &str) {
        self.positional_fault.get_or_insert_with(|| {
            format!(
                "`{place}`: {reason}; a positional codec such as Postcard cannot read that back. \
                 Remove the attribute, or cache the model with `codec = Json`"
            )
        });
    }

    /// Keeps the error, so that all errors of a type are shown at once.
    fn note<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                match &mut self.errors {
                    Some(errors) => errors.combine(error),
                    None => self.errors = Some(error),
                }
                None
            }
        }
    }
}

/// The bits of `schema::node::Field`.
fn flags(words: &PartWords, all_default: bool) -> u8 {
    let flags = [
        (words.default || all_default, 1),
        (words.written_sometimes, 2),
        (words.not_written, 4),
        (words.not_read, 8),
        (words.flattened, 16),
    ];
    flags.iter().filter(|(is_set, _)| *is_set).map(|(_, bit)| bit).sum()
}

fn is_marker(field: &Field) -> bool {
    let syn::Type::Path(path) = &field.ty else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == "PhantomData")
}

fn option(text: Option<&str>) -> TokenStream {
    match text {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    }
}
