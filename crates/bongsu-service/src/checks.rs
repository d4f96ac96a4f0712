//! Bounds of what a request may carry, checked at the top of each use case.

use bongsu_types::{JsonObject, Limits};

use crate::{ServiceError, ServiceResult};

/// A text within a bound and without U+0000.
pub(crate) fn text(
    field: &'static str,
    text: &str,
    limit: &'static str,
    bytes_max: usize,
) -> ServiceResult<()> {
    if text.len() > bytes_max {
        return Err(too_large(field, limit, bytes_max));
    }
    if text.contains('\0') {
        return Err(ServiceError::InvalidParams { field, reason: "must not hold U+0000" });
    }
    Ok(())
}

/// The host app's data within its bound, measured as sent, and without U+0000.
pub(crate) fn data(field: &'static str, data: Option<&JsonObject>, limits: &Limits) -> ServiceResult<()> {
    let Some(data) = data else { return Ok(()) };
    if data.as_str().len() > limits.data_bytes {
        return Err(too_large(field, "data_bytes", limits.data_bytes));
    }
    if holds_escaped_nul(data.as_str()) {
        return Err(ServiceError::InvalidParams { field, reason: "must not hold U+0000" });
    }
    Ok(())
}

/// A name, an image and data, as rooms and users have them; absent ones are fine.
pub(crate) fn profile(
    name: Option<&str>,
    image: Option<&str>,
    data: Option<&JsonObject>,
    limits: &Limits,
) -> ServiceResult<()> {
    text("name", name.unwrap_or_default(), "name_bytes", limits.name_bytes)?;
    text("image", image.unwrap_or_default(), "image_bytes", limits.image_bytes)?;
    self::data("data", data, limits)
}

/// A number of items within a bound.
pub(crate) fn count(count: usize, limit: &'static str, max: usize) -> ServiceResult<()> {
    if count > max {
        return Err(ServiceError::LimitReached { limit, max: as_u64(max) });
    }
    Ok(())
}

/// The length of a page: `asked` or the usual one.
pub(crate) fn page(asked: Option<usize>, limits: &Limits) -> ServiceResult<usize> {
    let length = asked.unwrap_or(PAGE_ITEMS_USUAL.min(limits.page_items));
    if length == 0 || length > limits.page_items {
        return Err(ServiceError::InvalidParams {
            field: "limit",
            reason: "must be at least 1 and at most the page_items limit",
        });
    }
    Ok(length)
}

/// Items of a page when the client does not say.
const PAGE_ITEMS_USUAL: usize = 50;

fn too_large(field: &'static str, limit: &'static str, max: usize) -> ServiceError {
    ServiceError::TooLarge { field, limit, max: as_u64(max) }
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// JSON text cannot hold a raw NUL, but it can spell one.
fn holds_escaped_nul(json: &str) -> bool {
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        if rest[at..].starts_with("\\u0000") {
            return true;
        }
        // The character after a backslash is part of the escape, so "\\u0000" spelled with two is no NUL.
        let escaped = rest[at + 1..].chars().next().map_or(0, char::len_utf8);
        rest = &rest[at + 1 + escaped..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> JsonObject {
        JsonObject::parsed(text).unwrap()
    }

    #[test]
    fn a_nul_is_found_however_json_spells_it() {
        let limits = Limits::default();
        let refused = Err(ServiceError::InvalidParams { field: "data", reason: "must not hold U+0000" });
        assert_eq!(data("data", Some(&json(r#"{"a":"x\u0000"}"#)), &limits), refused);
        assert_eq!(data("data", Some(&json(r#"{"a":"\\\u0000"}"#)), &limits), refused);
        assert_eq!(data("data", Some(&json(r#"{"a":"\\u0000 \n 가"}"#)), &limits), Ok(()));
        assert!(text("text", "a\0b", "text_bytes", 10).is_err());
    }

    #[test]
    fn a_page_has_one_to_page_items_items() {
        let limits = Limits::default();
        assert_eq!(page(None, &limits), Ok(50));
        assert_eq!(page(Some(200), &limits), Ok(200));
        assert!(page(Some(0), &limits).is_err());
        assert!(page(Some(201), &limits).is_err());
        assert_eq!(page(None, &Limits { page_items: 10, ..limits }), Ok(10));
    }
}
