//! Pseudonyms of accounts.
//!
//! An account's id is derived from its external id, so whoever knows the tenant and the external id (a number of the
//! CRM, at worst an e-mail address) can compute it. In files that analysts read it is therefore enciphered: one block of
//! AES-256 under a key of the tenant's own, which stays in the table. An id is one block of 16 bytes and no id comes
//! twice in a day, so the bare block cipher is what is wanted: the same account has the same pseudonym every day, and
//! the key gives it back.

use std::fmt;

use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use copilot_domain::ids::AccountId;
use uuid::Uuid;

/// The key of a tenant's pseudonyms.
#[derive(Clone)]
pub struct LakeKey(Aes256);

impl fmt::Debug for LakeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LakeKey({})", self.fingerprint())
    }
}

impl LakeKey {
    /// The key of 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Aes256::new(&bytes.into()))
    }

    /// The pseudonym of an account: 32 hex digits.
    pub fn pseudonym(&self, account: AccountId) -> String {
        hex::encode(self.encipher(*account.uuid().as_bytes()))
    }

    /// The account that a pseudonym stands for; `None` when it is not 32 hex digits.
    pub fn account(&self, pseudonym: &str) -> Option<AccountId> {
        let mut bytes = [0_u8; 16];
        hex::decode_to_slice(pseudonym, &mut bytes).ok()?;
        let mut block = bytes.into();
        self.0.decrypt_block(&mut block);
        Some(AccountId::from_uuid(Uuid::from_bytes(block.into())))
    }

    /// Sixteen hex digits that tell keys apart and do not tell the key: half of what the key makes of zeros.
    pub fn fingerprint(&self) -> String {
        hex::encode(&self.encipher([0; 16])[..8])
    }

    fn encipher(&self, bytes: [u8; 16]) -> [u8; 16] {
        let mut block = bytes.into();
        self.0.encrypt_block(&mut block);
        block.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_the_same_under_a_key_and_another_under_another() {
        let account = AccountId::derived(&["acme", "api", "4711"]);
        let key = LakeKey::new([1; 32]);
        let pseudonym = key.pseudonym(account);
        assert_eq!(pseudonym, LakeKey::new([1; 32]).pseudonym(account));
        assert_eq!(key.account(&pseudonym), Some(account));
        let other = LakeKey::new([2; 32]);
        assert_ne!(pseudonym, other.pseudonym(account));
        assert_ne!(key.fingerprint(), other.fingerprint());
        assert!(!pseudonym.contains(&account.uuid().simple().to_string()));
    }

    #[test]
    fn the_cipher_is_aes_256() {
        // FIPS 197, C.3.
        let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let plain: [u8; 16] = std::array::from_fn(|at| u8::try_from(at * 0x11).unwrap());
        let account = AccountId::from_uuid(Uuid::from_bytes(plain));
        assert_eq!(
            LakeKey::new(key).pseudonym(account),
            "8ea2b7ca516745bfeafc49904b496089"
        );
    }

    #[test]
    fn what_is_no_pseudonym_stands_for_nobody() {
        let key = LakeKey::new([1; 32]);
        for bad in ["", "acc_00", "zz", &"0".repeat(34)] {
            assert_eq!(key.account(bad), None, "{bad}");
        }
    }
}
