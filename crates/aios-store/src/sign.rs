//! Signatures over what must be proven later: Ed25519, under a key of the deployment's own.

use std::fmt;

use aios_privacy::KeyMaterial;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::{DataDir, StoreError, hex};

/// Name of the key file; its 256 bits are the seed of the key pair.
pub(crate) const KEY: &str = "signing";

/// Signs.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    public_key: String,
}

impl Signer {
    /// The deployment's signer. The owner of the directory makes its key if there is none.
    pub(crate) fn load(dir: &DataDir) -> Result<Self, StoreError> {
        Ok(Self::new(&dir.load_or_create_key(KEY)?))
    }

    pub(crate) fn new(seed: &KeyMaterial) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose())
            .expect("every 32 bytes are a seed of Ed25519");
        let public_key = hex::encode(pair.public_key().as_ref());
        Self { pair, public_key }
    }

    /// In hexadecimal digits.
    pub(crate) fn sign(&self, message: &[u8]) -> String {
        hex::encode(self.pair.sign(message).as_ref())
    }

    /// What others check signatures with, in hexadecimal digits.
    pub(crate) fn public_key(&self) -> &str {
        &self.public_key
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("public_key", &self.public_key).finish_non_exhaustive()
    }
}

/// Whether a signature is that of the message; both texts in hexadecimal digits.
pub(crate) fn is_signed(public_key: &str, message: &[u8], signature: &str) -> bool {
    let parts = (hex::decode::<32>(public_key.as_bytes()), hex::decode::<64>(signature.as_bytes()));
    let (Some(public_key), Some(signature)) = parts else { return false };
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_signed_message_under_the_right_key_is_taken() {
        let signer = Signer::new(&KeyMaterial::new([7; 32]));
        let signature = signer.sign(b"entry 5");
        assert!(is_signed(signer.public_key(), b"entry 5", &signature));
        assert!(!is_signed(signer.public_key(), b"entry 6", &signature));
        let other = Signer::new(&KeyMaterial::new([8; 32]));
        assert!(!is_signed(other.public_key(), b"entry 5", &signature));
        assert!(!is_signed(signer.public_key(), b"entry 5", "00"));
    }
}
