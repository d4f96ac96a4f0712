//! The hash that tells a repetition from another request under the same `client_id`.

use bongsu_store::{Once, RequestHash};
use bongsu_types::{ClientId, JsonObject};
use sha2::{Digest, Sha256};

/// Hashes a method and its parameters as sent, but for the client id.
///
/// SHA-256 cut to 16 bytes over length-prefixed fields, so no two requests run together into the same bytes. An absent
/// field is not an empty one. The form is stored for at least 30 days: a field added later is hashed only when present.
pub(crate) struct RequestHasher(Sha256);

impl RequestHasher {
    pub(crate) fn new(method: &'static str) -> Self {
        Self(Sha256::new()).field(method.as_bytes())
    }

    pub(crate) fn field(mut self, bytes: &[u8]) -> Self {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(bytes);
        self
    }

    pub(crate) fn number(self, number: u64) -> Self {
        self.field(&number.to_be_bytes())
    }

    pub(crate) fn flag(self, flag: bool) -> Self {
        self.field(&[u8::from(flag)])
    }

    pub(crate) fn text(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.flag(true).field(text.as_bytes()),
            None => self.flag(false),
        }
    }

    pub(crate) fn data(self, data: Option<&JsonObject>) -> Self {
        self.text(data.map(JsonObject::as_str))
    }

    pub(crate) fn maybe_number(self, number: Option<u64>) -> Self {
        match number {
            Some(number) => self.flag(true).number(number),
            None => self.flag(false),
        }
    }

    pub(crate) fn maybe_flag(self, flag: Option<bool>) -> Self {
        self.maybe_number(flag.map(u64::from))
    }

    pub(crate) fn once(self, client_id: &ClientId) -> Once {
        Once { client_id: client_id.clone(), request: self.finish() }
    }

    fn finish(self) -> RequestHash {
        let digest = self.0.finalize();
        let mut cut = [0_u8; 16];
        cut.copy_from_slice(&digest[..16]);
        RequestHash(cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_run_together() {
        let one = RequestHasher::new("m").field(b"ab").field(b"c").finish();
        let other = RequestHasher::new("m").field(b"a").field(b"bc").finish();
        assert_ne!(one, other);
    }

    #[test]
    fn an_absent_field_is_not_an_empty_one() {
        let absent = RequestHasher::new("m").text(None).finish();
        let empty = RequestHasher::new("m").text(Some("")).finish();
        assert_ne!(absent, empty);
    }

    #[test]
    fn the_stored_form_does_not_change_between_versions() {
        let hash = RequestHasher::new("message.send").text(Some("hi")).maybe_flag(None).finish();
        let hex: String = hash.0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "bfbaa67ab202445c2651ae14e4aae938");
    }
}
