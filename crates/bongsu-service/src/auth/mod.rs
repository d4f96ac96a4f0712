//! Who is calling: user tokens (JWT) and server keys.

mod claims;
mod development_key;
mod jwks;
mod manage_keys;
mod server_keys;
mod signer;
mod tokens;

pub use claims::{Claims, TokenError};
pub use development_key::DevelopmentKey;
pub use server_keys::{NewServerKey, ServerKeys, VerifiedKey};
pub use signer::{NewToken, TokenSigner};
pub use tokens::{KeyError, Secret, TokenSettings, TokenVerifier};
