//! User tokens: what is believed, and why the rest is not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bongsu_service::ServiceError;
use bongsu_service::auth::{
    Claims, KeyError, NewToken, Secret, TokenError, TokenSettings, TokenSigner, TokenVerifier,
};
use bongsu_types::{ManualClock, Millis};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::fixture::{START, user};

const SECRET: &[u8] = b"a secret of at least 32 bytes, for tests";
const OTHER: &[u8] = b"another secret of at least 32 bytes, too";

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(START))
}

fn settings(secrets: &[&[u8]]) -> TokenSettings {
    let secrets = secrets.iter().map(|bytes| Secret { kid: None, bytes: bytes.to_vec() }).collect();
    TokenSettings { audience: "bongsu".to_owned(), secrets, jwks_file: None }
}

async fn verifier() -> TokenVerifier {
    TokenVerifier::open(settings(&[SECRET]), clock()).await.unwrap()
}

fn now_s() -> u64 {
    START.get() / 1_000
}

fn payload() -> Value {
    json!({"sub": "alice", "aud": "bongsu", "iat": now_s(), "exp": now_s() + 3_600})
}

fn with(name: &str, value: Value) -> Value {
    let mut payload = payload();
    payload[name] = value;
    payload
}

fn without(name: &str) -> Value {
    let mut payload = payload();
    payload.as_object_mut().unwrap().remove(name);
    payload
}

fn hs256(payload: &Value) -> String {
    jsonwebtoken::encode(&Header::default(), payload, &EncodingKey::from_secret(SECRET)).unwrap()
}

fn signed(algorithm: Algorithm, kid: Option<&str>, key: &EncodingKey) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, &payload(), key).unwrap()
}

#[tokio::test]
async fn a_signed_token_says_who_and_until_when() {
    let signer = TokenSigner::new(SECRET, "bongsu", clock());
    let token = NewToken { name: Some("Alice".to_owned()), ..NewToken::of(user("alice")) };
    let claims = verifier().await.verify(&signer.sign(&token)).await.unwrap();
    let expected = Claims {
        user: user("alice"),
        issued_ms: START,
        expires_ms: START.plus(24 * 3_600_000),
        name: Some("Alice".to_owned()),
        image: None,
    };
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn times_keep_their_milliseconds() {
    let odd = Arc::new(ManualClock::at(Millis(1_789_000_000_123)));
    let token = TokenSigner::new(SECRET, "bongsu", odd).sign(&NewToken::of(user("alice")));
    assert_eq!(verifier().await.verify(&token).await.unwrap().issued_ms, Millis(1_789_000_000_123));
}

#[tokio::test]
async fn every_required_claim_is_required_and_checked() {
    let verifier = verifier().await;
    let cases = [
        (without("sub"), TokenError::Claim("sub")),
        (with("sub", json!("bad user")), TokenError::Claim("sub")),
        (with("sub", json!("")), TokenError::Claim("sub")),
        (without("aud"), TokenError::Claim("aud")),
        (with("aud", json!("another")), TokenError::Audience),
        (with("aud", json!(["another", "third"])), TokenError::Audience),
        (without("iat"), TokenError::Claim("iat")),
        (without("exp"), TokenError::Claim("exp")),
        (with("exp", json!(-1)), TokenError::Claim("exp")),
        (with("exp", json!(1e30)), TokenError::Claim("exp")),
        (with("iat", json!("yesterday")), TokenError::Malformed),
        (with("iat", json!(now_s() + 31)), TokenError::NotYet),
        (with("nbf", json!(now_s() + 31)), TokenError::NotYet),
        (with("exp", json!(now_s() - 30)), TokenError::Expired),
    ];
    for (payload, expected) in cases {
        assert_eq!(verifier.verify(&hs256(&payload)).await, Err(expected), "{payload}");
    }
}

#[tokio::test]
async fn clocks_may_differ_by_half_a_minute() {
    let verifier = verifier().await;
    for payload in [
        with("exp", json!(now_s() - 29)),
        with("iat", json!(now_s() + 30)),
        with("nbf", json!(now_s() + 30)),
        with("aud", json!(["another", "bongsu"])),
    ] {
        assert!(verifier.verify(&hs256(&payload)).await.is_ok(), "{payload}");
    }
}

#[tokio::test]
async fn time_is_taken_from_the_clock_and_not_from_the_machine() {
    let clock = clock();
    let verifier = TokenVerifier::open(settings(&[SECRET]), clock.clone()).await.unwrap();
    let token = hs256(&payload());
    assert!(verifier.verify(&token).await.is_ok());
    clock.advance(3_629_999);
    assert!(verifier.verify(&token).await.is_ok());
    clock.advance(1);
    assert_eq!(verifier.verify(&token).await, Err(TokenError::Expired));
}

#[tokio::test]
async fn a_forged_token_is_refused() {
    let verifier = verifier().await;
    let token = hs256(&payload());
    let mut parts: Vec<&str> = token.split('.').collect();
    let other = hs256(&with("sub", json!("mallory")));
    parts[1] = other.split('.').nth(1).unwrap();
    assert_eq!(verifier.verify(&parts.join(".")).await, Err(TokenError::BadSignature));
    let strangers = signed(Algorithm::HS256, None, &EncodingKey::from_secret(OTHER));
    assert_eq!(verifier.verify(&strangers).await, Err(TokenError::BadSignature));
    let none = format!("eyJhbGciOiJub25lIn0.{}.", token.split('.').nth(1).unwrap());
    assert_eq!(verifier.verify(&none).await, Err(TokenError::Malformed));
    let hs512 = signed(Algorithm::HS512, None, &EncodingKey::from_secret(SECRET));
    assert_eq!(verifier.verify(&hs512).await, Err(TokenError::UnknownKey));
    for nonsense in ["", ".", "..", "a.b.c", "한글", &"a".repeat(9_000)] {
        assert_eq!(verifier.verify(nonsense).await, Err(TokenError::Malformed), "{nonsense}");
    }
}

#[tokio::test]
async fn one_secret_replaces_another_while_both_hold() {
    let both = TokenVerifier::open(settings(&[OTHER, SECRET]), clock()).await.unwrap();
    assert!(both.verify(&hs256(&payload())).await.is_ok());
    let mut named = settings(&[OTHER]);
    named.secrets[0].kid = Some("new".to_owned());
    let named = TokenVerifier::open(named, clock()).await.unwrap();
    let key = EncodingKey::from_secret(OTHER);
    assert!(named.verify(&signed(Algorithm::HS256, Some("new"), &key)).await.is_ok());
    assert!(named.verify(&signed(Algorithm::HS256, None, &key)).await.is_ok());
    let another = named.verify(&signed(Algorithm::HS256, Some("old"), &key)).await;
    assert_eq!(another, Err(TokenError::UnknownKey));
}

#[test]
fn clients_hear_only_whether_a_token_expired() {
    assert_eq!(ServiceError::from(TokenError::Expired), ServiceError::TokenExpired);
    assert_eq!(ServiceError::from(TokenError::BadSignature), ServiceError::Unauthorized);
    assert_eq!(ServiceError::from(TokenError::Audience), ServiceError::Unauthorized);
}

struct Pair {
    kid: &'static str,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Pair {
    fn token(&self) -> String {
        signed(self.algorithm, Some(self.kid), &self.key)
    }

    fn jwk(&self) -> Value {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&self.key, self.algorithm).unwrap()).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk
    }
}

fn pairs() -> [Pair; 3] {
    let rsa = EncodingKey::from_rsa_pem(include_bytes!("test_keys/rsa.pem")).unwrap();
    let ec = EncodingKey::from_ec_pem(include_bytes!("test_keys/ec.pem")).unwrap();
    let ed = EncodingKey::from_ed_pem(include_bytes!("test_keys/ed.pem")).unwrap();
    [
        Pair { kid: "r", algorithm: Algorithm::RS256, key: rsa },
        Pair { kid: "e", algorithm: Algorithm::ES256, key: ec },
        Pair { kid: "d", algorithm: Algorithm::EdDSA, key: ed },
    ]
}

fn write(path: &Path, keys: &[Value]) {
    std::fs::write(path, json!({"keys": keys}).to_string()).unwrap();
}

async fn over_file(path: PathBuf, clock: Arc<ManualClock>) -> Result<TokenVerifier, KeyError> {
    TokenVerifier::open(TokenSettings { jwks_file: Some(path), ..settings(&[]) }, clock).await
}

#[tokio::test]
async fn a_key_set_verifies_each_algorithm_with_its_own_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let pairs = pairs();
    let unknown = json!({"kty": "unheard of", "kid": "u"});
    let mut for_encryption = pairs[0].jwk();
    for_encryption["use"] = json!("enc");
    let keys: Vec<Value> = [unknown, for_encryption].into_iter().chain(pairs.iter().map(Pair::jwk)).collect();
    write(&path, &keys);
    let verifier = over_file(path, clock()).await.unwrap();
    for pair in &pairs {
        assert!(verifier.verify(&pair.token()).await.is_ok(), "{}", pair.kid);
    }
    // The algorithm is the key's: RS384 by the right key is refused, and so is the name of another key.
    let rs384 = signed(Algorithm::RS384, Some("r"), &pairs[0].key);
    assert_eq!(verifier.verify(&rs384).await, Err(TokenError::UnknownKey));
    let misnamed = signed(Algorithm::RS256, Some("e"), &pairs[0].key);
    assert_eq!(verifier.verify(&misnamed).await, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_shared_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let symmetric = json!({"kty": "oct", "kid": "s", "alg": "HS256", "k": "YSBzZWNyZXQgb2YgYXQgbGVhc3QgMzIgYnl0ZXMsIGZvciB0ZXN0cw"});
    let jwk = pairs()[0].jwk();
    write(&path, &[symmetric, jwk.clone()]);
    let verifier = over_file(path, clock()).await.unwrap();
    let by_secret = signed(Algorithm::HS256, Some("s"), &EncodingKey::from_secret(SECRET));
    assert_eq!(verifier.verify(&by_secret).await, Err(TokenError::UnknownKey));
    let by_modulus = EncodingKey::from_secret(jwk["n"].as_str().unwrap().as_bytes());
    let confused = signed(Algorithm::HS256, Some("r"), &by_modulus);
    assert_eq!(verifier.verify(&confused).await, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn a_changed_key_set_is_seen_after_ten_seconds_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let [rsa, ec, _] = pairs();
    write(&path, &[rsa.jwk()]);
    let clock = clock();
    let verifier = over_file(path.clone(), clock.clone()).await.unwrap();
    write(&path, &[ec.jwk()]);
    clock.advance(9_999);
    assert!(verifier.verify(&rsa.token()).await.is_ok());
    clock.advance(1);
    assert!(verifier.verify(&ec.token()).await.is_ok());
    assert_eq!(verifier.verify(&rsa.token()).await, Err(TokenError::UnknownKey));
    std::fs::write(&path, "{").unwrap();
    clock.advance(10_000);
    assert!(verifier.verify(&ec.token()).await.is_ok());
    std::fs::remove_file(&path).unwrap();
    clock.advance(10_000);
    assert!(verifier.verify(&ec.token()).await.is_ok());
}

#[tokio::test]
async fn what_cannot_work_is_said_when_opening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    assert!(matches!(over_file(path.clone(), clock()).await, Err(KeyError::Read { .. })));
    std::fs::write(&path, "[]").unwrap();
    assert!(matches!(over_file(path, clock()).await, Err(KeyError::Parse { .. })));
    let short = TokenVerifier::open(settings(&[b"short"]), clock()).await;
    assert!(matches!(short, Err(KeyError::ShortSecret)));
}

#[test]
fn a_new_secret_is_long_enough_and_never_the_same() {
    let (one, other) = (TokenSigner::new_secret(), TokenSigner::new_secret());
    assert!(one.len() >= 32 && one != other);
}
