//! The derive of `bongsu-cache`: says at compile time what the structure of a type is.
#![doc = include_str!("../README.md")]

mod back_reference;
mod cache_attributes;
mod expand;
mod quantity;
mod rename;
mod serde_attributes;
mod structure;

use proc_macro::TokenStream;

/// Describes the structure of a type, and, with `#[cache(model = "...")]`, makes it a model of the cache.
///
/// Every attribute is explained in the documentation of this crate.
#[proc_macro_derive(CacheSchema, attributes(cache, serde))]
pub fn derive_cache_schema(input: TokenStream) -> TokenStream {
    expand::expand(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
