//! Recursion: a type that holds itself refers back to itself, or its description would have no end.

use proc_macro2::Span;
use quote::ToTokens;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{DeriveInput, GenericArgument, GenericParam, Path, PathArguments, Type, TypePath, parse_quote};

use crate::cache_attributes::BackReference;

/// A field's type as it is described, and whether it refers back to the type that holds the field.
pub(crate) struct Described {
    pub(crate) ty: Type,
    pub(crate) holds_itself: bool,
}

/// Puts `BackReference<Self>` in the place of `Self` and of the type's own name, and of what `#[cache(backref)]` says.
pub(crate) fn describe(
    field: &Type,
    owner: &DeriveInput,
    asked: Option<&BackReference>,
    krate: &Path,
) -> syn::Result<Described> {
    let mut ty = field.clone();
    if let Some(asked) = asked {
        let target = target(field, asked)?;
        let mut replace = ReplaceType { krate, target, found: false };
        replace.visit_type_mut(&mut ty);
        if !replace.found {
            return Err(syn::Error::new(asked.span, "this type does not stand in the field's type"));
        }
    }
    let mut replace = ReplaceOwner { krate, owner, found: false, fault: None };
    replace.visit_type_mut(&mut ty);
    match replace.fault {
        Some(fault) => Err(fault),
        None => Ok(Described { ty, holds_itself: replace.found }),
    }
}

/// The type that `#[cache(backref)]` means: the one it names, or the only one in the field that has no arguments.
fn target(field: &Type, asked: &BackReference) -> syn::Result<Type> {
    if let Some(named) = &asked.target {
        return Ok(named.clone());
    }
    let mut leaves = Leaves::default();
    leaves.visit_type(field);
    match leaves.found.as_slice() {
        [only] => Ok(only.clone()),
        _ => Err(syn::Error::new(
            asked.span,
            "which type of this field is the one that leads back here? Say #[cache(backref = ThatType)]",
        )),
    }
}

#[derive(Default)]
struct Leaves {
    found: Vec<Type>,
}

impl<'ast> Visit<'ast> for Leaves {
    fn visit_type_path(&mut self, path: &'ast TypePath) {
        let has_arguments = path.path.segments.iter().any(|segment| !segment.arguments.is_none());
        if has_arguments {
            syn::visit::visit_type_path(self, path);
        } else {
            self.found.push(Type::Path(path.clone()));
        }
    }
}

struct ReplaceType<'a> {
    krate: &'a Path,
    target: Type,
    found: bool,
}

impl VisitMut for ReplaceType<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if same_tokens(ty, &self.target) {
            *ty = back_reference(self.krate, &self.target);
            self.found = true;
        } else {
            visit_mut::visit_type_mut(self, ty);
        }
    }
}

struct ReplaceOwner<'a> {
    krate: &'a Path,
    owner: &'a DeriveInput,
    found: bool,
    fault: Option<syn::Error>,
}

impl VisitMut for ReplaceOwner<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::Path(path) = ty
            && self.is_owner(path)
        {
            if !self.has_own_arguments(path) {
                self.fault = Some(syn::Error::new_spanned(
                    path,
                    "a type that holds itself with other type arguments has no end: mark the field \
                     #[cache(opaque = \"name\", rev = 1)] or hold an id instead",
                ));
            }
            *ty = back_reference(self.krate, &parse_quote!(Self));
            self.found = true;
        } else {
            visit_mut::visit_type_mut(self, ty);
        }
    }
}

impl ReplaceOwner<'_> {
    /// `Self`, `Thread` or `self::Thread`; a longer path is somebody else's type until the compiler says otherwise.
    fn is_owner(&self, path: &TypePath) -> bool {
        let mut names: Vec<_> = path.path.segments.iter().map(|segment| &segment.ident).collect();
        if names.len() == 2 && names[0] == "self" {
            names.remove(0);
        }
        path.qself.is_none() && names.len() == 1 && (names[0] == "Self" || *names[0] == self.owner.ident)
    }

    fn has_own_arguments(&self, path: &TypePath) -> bool {
        let Some(last) = path.path.segments.last() else { return false };
        let PathArguments::AngleBracketed(arguments) = &last.arguments else {
            // No arguments: `Self`, a type without parameters, or one whose lifetimes are left out.
            return true;
        };
        // Lifetimes are erased: only types and numbers count.
        let given =
            arguments.args.iter().filter(|argument| !matches!(argument, GenericArgument::Lifetime(_)));
        let given: Vec<_> = given.map(|argument| argument.to_token_stream().to_string()).collect();
        let own: Vec<_> = self.owner.generics.params.iter().filter_map(parameter_name).collect();
        given == own
    }
}

fn parameter_name(parameter: &GenericParam) -> Option<String> {
    match parameter {
        GenericParam::Type(parameter) => Some(parameter.ident.to_string()),
        GenericParam::Const(parameter) => Some(parameter.ident.to_string()),
        GenericParam::Lifetime(_) => None,
    }
}

fn back_reference(krate: &Path, target: &Type) -> Type {
    parse_quote!(#krate::schema::BackReference<#target>)
}

fn same_tokens(left: &Type, right: &Type) -> bool {
    left.to_token_stream().to_string() == right.to_token_stream().to_string()
}

/// A field's `#[cache(backref)]`, made by tests and by the reader of attributes.
impl BackReference {
    pub(crate) fn new(span: Span, target: Option<Type>) -> BackReference {
        BackReference { span, target }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(owner: &DeriveInput, field: Type, asked: Option<BackReference>) -> syn::Result<String> {
        let described = describe(&field, owner, asked.as_ref(), &parse_quote!(c))?;
        Ok(described.ty.to_token_stream().to_string().replace(' ', ""))
    }

    #[test]
    fn the_own_name_and_self_are_replaced_wherever_they_stand() {
        let owner: DeriveInput = parse_quote!(
            struct Thread;
        );
        let back = "c::schema::BackReference<Self>";
        assert_eq!(described(&owner, parse_quote!(Vec<Thread>), None).unwrap(), format!("Vec<{back}>"));
        assert_eq!(
            described(&owner, parse_quote!(Option<Box<Self>>), None).unwrap(),
            format!("Option<Box<{back}>>")
        );
        assert_eq!(
            described(&owner, parse_quote!((u8, self::Thread)), None).unwrap(),
            format!("(u8,{back})")
        );
        assert_eq!(described(&owner, parse_quote!(other::Thread), None).unwrap(), "other::Thread");
    }

    #[test]
    fn a_generic_type_holds_itself_only_with_its_own_arguments() {
        let owner: DeriveInput = parse_quote!(
            struct Page<'a, T>(&'a T);
        );
        let back = "c::schema::BackReference<Self>";
        assert_eq!(described(&owner, parse_quote!(Box<Page<'a, T>>), None).unwrap(), format!("Box<{back}>"));
        let error = described(&owner, parse_quote!(Box<Page<'a, Vec<T>>>), None).unwrap_err();
        assert!(error.to_string().contains("other type arguments"));
    }

    #[test]
    fn an_asked_back_reference_needs_one_possible_target() {
        let owner: DeriveInput = parse_quote!(
            struct Message;
        );
        let bare = || Some(BackReference::new(Span::call_site(), None));
        let named = |ty| Some(BackReference::new(Span::call_site(), Some(ty)));
        assert_eq!(
            described(&owner, parse_quote!(Option<Box<Room>>), bare()).unwrap(),
            "Option<Box<c::schema::BackReference<Room>>>"
        );
        assert!(described(&owner, parse_quote!(HashMap<String, Room>), bare()).is_err());
        assert_eq!(
            described(&owner, parse_quote!(HashMap<String, Room>), named(parse_quote!(Room))).unwrap(),
            "HashMap<String,c::schema::BackReference<Room>>"
        );
        assert!(described(&owner, parse_quote!(Vec<Member>), named(parse_quote!(Room))).is_err());
    }
}
