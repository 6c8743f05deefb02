//! Session tokens: 256 random bits that only the client keeps. We store their hash, so that a copied database logs nobody in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A new token in URL-safe Base64, 43 characters long.
pub fn generate() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// SHA-256 in hexadecimal. A slow hash would add nothing: nobody guesses 256 bits.
pub fn hash(token: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    digest.as_chunks::<16>().0.iter().map(|half| format!("{:032x}", u128::from_be_bytes(*half))).collect()
}
