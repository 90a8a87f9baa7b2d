//! The source of secrets: bytes that nobody can guess.

/// The system gave no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoChance;

/// Random bytes, fit for a key.
///
/// # Errors
/// [`NoChance`] when the system has none.
pub fn key<const N: usize>() -> Result<[u8; N], NoChance> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| NoChance)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_are_the_same() {
        assert_ne!(key::<32>(), key::<32>());
    }
}
