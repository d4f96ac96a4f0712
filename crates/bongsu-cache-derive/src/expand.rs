//! What the derive writes: the identity of the type, its structure, and, for a model, what makes it one.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{DeriveInput, GenericParam, Generics, Path, parse_quote};

use crate::cache_attributes::{Model, TypeOptions};
use crate::serde_attributes::TypeWords;
use crate::structure;

pub(crate) fn expand(input: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    let options = TypeOptions::read(&input.attrs)?;
    let identity = identity(&input, &options);
    let schema = schema(&input, &options)?;
    let model = options.model.as_ref().map(|model| cached(&input, model, &options.krate)).transpose()?;
    Ok(quote!(#identity #schema #model))
}

/// What a back-reference needs to know of a type: not its structure, or there would be no end.
fn identity(input: &DeriveInput, options: &TypeOptions) -> TokenStream {
    let TypeOptions { krate, .. } = options;
    let ident = &input.ident;
    let text = ident.unraw().to_string();
    let (implementation, ty, clause) = input.generics.split_for_impl();
    let unresolved = format!(
        "`{text}` is only referred back to (#[cache(backref)]) and nowhere described: the model must hold `{text}` \
         above the field that refers back to it; if it cannot, mark that field #[cache(opaque = \"name\", rev = 1)]"
    );
    quote! {
        #[automatically_derived]
        impl #implementation #krate::schema::SchemaIdentity for #ident #ty #clause {
            const IDENTITY: &'static str = ::core::concat!(::core::module_path!(), "::", #text);
            const UNRESOLVED: &'static str = #unresolved;
        }
    }
}

fn schema(input: &DeriveInput, options: &TypeOptions) -> syn::Result<TokenStream> {
    let TypeOptions { krate, .. } = options;
    let ident = &input.ident;
    let node = match &options.opaque {
        Some(opaque) => structure::opaque(opaque, krate),
        None => described(input, options)?,
    };
    let generics = bounded(input.generics.clone(), options);
    let (implementation, ty, clause) = generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #implementation #krate::schema::CacheSchema for #ident #ty #clause {
            const NODE: &'static #krate::schema::SchemaNode = &#node;
        }
    })
}

fn described(input: &DeriveInput, options: &TypeOptions) -> syn::Result<TokenStream> {
    let serde = TypeWords::read(&input.attrs)?;
    if let Some(foreign) = &serde.foreign {
        return Err(foreign.refused());
    }
    let given = options.name.as_ref().map(syn::LitStr::value);
    let name = given.or_else(|| serde.rename.clone()).unwrap_or_else(|| input.ident.unraw().to_string());
    structure::of_type(input, &serde, &options.krate, &name)
}

/// Every type parameter is described too, unless `#[cache(bound = "...")]` says otherwise.
fn bounded(mut generics: Generics, options: &TypeOptions) -> Generics {
    let krate = &options.krate;
    match &options.bound {
        Some(predicates) => generics.make_where_clause().predicates.extend(predicates.iter().cloned()),
        None => {
            for parameter in generics.type_params_mut() {
                parameter.bounds.push(parse_quote!(#krate::schema::CacheSchema));
            }
        }
    }
    generics
}

fn cached(input: &DeriveInput, model: &Model, krate: &Path) -> syn::Result<TokenStream> {
    if let Some(parameter) = input.generics.params.first() {
        return Err(refused_parameter(parameter));
    }
    let ident = &input.ident;
    let Model { name, id, settings, .. } = model;
    let codec = model.codec.clone().unwrap_or_else(|| parse_quote!(#krate::Postcard));
    let revision = model.revision.iter();
    let start = match &model.options {
        Some(options) => quote!((#options)),
        None => quote!(#krate::EntryOptions::new()),
    };
    // Checked where the type is declared, not only where the cache is first asked for it.
    let check = quote! {
        const _: () = #krate::schema::assert_readable(
            <#ident as #krate::schema::CacheSchema>::NODE,
            <#codec as #krate::Codec<#ident>>::POSITIONAL,
        );
    };
    Ok(quote! {
        #[automatically_derived]
        impl #krate::Cached for #ident {
            type Id = #id;
            type Codec = #codec;
            const MODEL: &'static str = #name;
            #(const REVISION: u16 = #revision;)*
            const DEFAULTS: #krate::EntryOptions = #start #(#settings)*;
        }
        #check
    })
}

fn refused_parameter(parameter: &GenericParam) -> syn::Error {
    let message = match parameter {
        GenericParam::Lifetime(_) => "a model owns its data, because the cache outlives every borrow",
        GenericParam::Type(_) | GenericParam::Const(_) => {
            "a model is one type, because its name stands in keys: wrap the type you mean in a struct of its own, \
             with `#[serde(transparent)]`"
        }
    };
    syn::Error::new_spanned(parameter, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(input: TokenStream) -> String {
        let error = expand(input).unwrap_err();
        error.into_iter().map(|error| error.to_string()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn all_errors_of_a_type_are_shown_at_once() {
        let message = refused(quote! {
            struct A {
                #[serde(with = "x")]
                first: u8,
                #[serde(serialize_with = "y")]
                second: u8,
                #[cache(rev = 1)]
                third: u8,
            }
        });
        assert_eq!(message.lines().count(), 3, "{message}");
        assert!(message.contains("#[serde(with)] lets other code write the bytes"));
        assert!(message.contains("#[serde(serialize_with)]"));
        assert!(message.contains("`rev` belongs to `opaque"));
    }

    #[test]
    fn other_code_that_writes_the_type_is_refused_unless_it_is_opaque() {
        for attribute in ["from", "into", "try_from", "remote"] {
            let word = syn::Ident::new(attribute, proc_macro2::Span::call_site());
            let message = refused(quote!(
                #[serde(#word = "Other")]
                struct A(u8);
            ));
            assert!(message.contains(&format!("#[serde({attribute})]")), "{message}");
            assert!(message.contains("#[cache(opaque = "), "{message}");
            let marked = quote!(
                #[serde(#word = "Other")]
                #[cache(opaque = "other", rev = 1)]
                struct A(u8);
            );
            assert!(expand(marked).is_ok());
        }
    }

    #[test]
    fn an_attribute_of_serde_that_is_not_known_is_refused() {
        assert!(
            refused(quote!(
                #[serde(sideways)]
                struct A(u8);
            ))
            .contains("#[serde(sideways)]")
        );
        assert!(
            refused(quote!(
                struct A(#[serde(sideways)] u8);
            ))
            .contains("#[serde(sideways)]")
        );
    }

    #[test]
    fn names_that_differ_between_writing_and_reading_are_refused() {
        let differing = quote!(
            struct A {
                #[serde(rename(serialize = "x", deserialize = "y"))]
                a: u8,
            }
        );
        assert!(refused(differing).contains("could never be read back"));
        let same = quote!(
            struct A {
                #[serde(rename(serialize = "x", deserialize = "x"))]
                a: u8,
            }
        );
        assert!(expand(same).is_ok());
        assert!(
            refused(quote!(
                #[serde(rename_all(serialize = "camelCase"))]
                struct A;
            ))
            .contains("one name for")
        );
    }

    #[test]
    fn a_model_says_its_name_and_its_id() {
        assert!(
            refused(quote!(
                #[cache(ttl = "10m")]
                struct A;
            ))
            .contains("add `model = \"name\"`")
        );
        assert!(
            refused(quote!(
                #[cache(model = "a")]
                struct A;
            ))
            .contains("add `id = u64`")
        );
        assert!(
            refused(quote!(
                #[cache(model = "A b", id = u64)]
                struct A;
            ))
            .contains("1 to 32 of a-z")
        );
        assert!(
            expand(quote!(
                #[cache(model = "a", id = (u64, Vec<u8>))]
                struct A;
            ))
            .is_ok()
        );
    }

    #[test]
    fn a_model_has_no_parameters() {
        let generic = quote!(
            #[cache(model = "page", id = u64)]
            struct Page<T>(T);
        );
        assert!(refused(generic).contains("a model is one type"));
        let borrowed = quote!(
            #[cache(model = "name", id = u64)]
            struct Name<'a>(&'a str);
        );
        assert!(refused(borrowed).contains("a model owns its data"));
    }

    #[test]
    fn settings_are_checked_where_they_stand() {
        let with = |setting: TokenStream| {
            quote!(
                #[cache(model = "a", id = u64, #setting)]
                struct A;
            )
        };
        assert!(refused(with(quote!(ttl = "10"))).contains("not a duration"));
        assert!(refused(with(quote!(jitter = 91))).contains("0 to 90"));
        assert!(refused(with(quote!(max_bytes = "big"))).contains("not a size"));
        assert!(refused(with(quote!(time_to_live = "1m"))).contains("`time_to_live` is not known"));
    }

    #[test]
    fn an_opaque_structure_has_a_revision() {
        let field = quote!(
            struct A {
                #[cache(opaque = "chrono::DateTime")]
                at: DateTime,
            }
        );
        assert!(refused(field).contains("add `rev = 1`"));
    }

    #[test]
    fn a_transparent_type_cannot_hold_itself() {
        let holds_itself = quote!(
            #[serde(transparent)]
            struct Tree(Vec<Tree>);
        );
        assert!(refused(holds_itself).contains("nothing to refer back to"));
        let two = quote!(
            #[serde(transparent)]
            struct Two(u8, u8);
        );
        assert!(refused(two).contains("exactly one field"));
    }
}
