//! Durations and sizes as people write them: `"1h30m"`, `"64KiB"`.

use syn::{Lit, LitStr};

const MILLISECONDS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

const BYTES: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// `"10m"`, `"500ms"`, `"1h30m"` in milliseconds.
pub(crate) fn milliseconds(text: &LitStr) -> syn::Result<u64> {
    sum(&text.value(), &MILLISECONDS).ok_or_else(|| {
        let message = format!(
            "`{}` is not a duration: write a number and a unit (ms, s, m, h, d), such as \"10m\" or \"1h30m\"",
            text.value()
        );
        syn::Error::new(text.span(), message)
    })
}

/// `2048`, `"2KiB"`, `"1MiB"` in bytes.
pub(crate) fn bytes(size: &Lit) -> syn::Result<u32> {
    let count = match size {
        Lit::Int(number) => number.base10_parse().ok(),
        Lit::Str(text) => sum(&text.value(), &BYTES).and_then(|count| u32::try_from(count).ok()),
        _ => None,
    };
    count.ok_or_else(|| {
        syn::Error::new(
            size.span(),
            "not a size below 4 GiB: write bytes as a number, or a text such as \"64KiB\" or \"1MiB\"",
        )
    })
}

/// Adds up `<number><unit>` pairs; `None` for anything else, and for what does not fit.
fn sum(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, after) = rest.split_at(digits);
        let unit_length = after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_length);
        let (_, size) = units.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*size)?)?;
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_sums_of_numbers_with_units() {
        let cases = [("10m", 600_000), ("500ms", 500), ("1h30m", 5_400_000), ("7d", 604_800_000), ("0s", 0)];
        for (text, expected) in cases {
            assert_eq!(sum(text, &MILLISECONDS), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in
            ["", "10", "m", "10 m", "1w", "-1s", "1.5h", "99999999999999999999s", "999999999999999999d"]
        {
            assert_eq!(sum(text, &MILLISECONDS), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_numbers_or_texts() {
        assert_eq!(bytes(&syn::parse_quote!(2048)).unwrap(), 2048);
        assert_eq!(bytes(&syn::parse_quote!("64KiB")).unwrap(), 65_536);
        assert!(bytes(&syn::parse_quote!("4GiB")).is_err());
        assert!(bytes(&syn::parse_quote!(1.5)).is_err());
    }
}
