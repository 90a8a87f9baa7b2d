//! A day of a tenant in files of a bounded number of rows.

use crate::LakeError;
use crate::file::Writer;
use crate::key::LakeKey;
use crate::row::{Origin, Row};

/// Rows of one file at most.
pub const ROWS_IN_PART: usize = 50_000;

/// Collects rows and gives a file whenever one is full, so that memory holds a group of rows and one file.
#[derive(Debug)]
pub struct Parts {
    key: LakeKey,
    origin: Origin,
    writer: Option<Writer>,
    group: Vec<Row>,
    rows_in_group: usize,
    rows_in_part: usize,
    written: usize,
}

impl Parts {
    /// Files of [`ROWS_IN_PART`] rows, in groups of `rows_in_group`: fewer where many days are written at once.
    pub fn new(key: &LakeKey, origin: Origin, rows_in_group: usize) -> Self {
        Self {
            key: key.clone(),
            origin,
            writer: None,
            group: Vec::new(),
            rows_in_group: rows_in_group.max(1),
            rows_in_part: ROWS_IN_PART,
            written: 0,
        }
    }

    /// Adds a row; gives a file when it was the last that fits in.
    ///
    /// # Errors
    /// [`LakeError::Parquet`].
    pub fn push(&mut self, row: Row) -> Result<Option<Vec<u8>>, LakeError> {
        self.group.push(row);
        if self.written + self.group.len() >= self.rows_in_part {
            return self.finish();
        }
        if self.group.len() >= self.rows_in_group {
            self.flush()?;
        }
        Ok(None)
    }

    /// The last file; none when there is no row left.
    ///
    /// # Errors
    /// [`LakeError::Parquet`].
    pub fn finish(&mut self) -> Result<Option<Vec<u8>>, LakeError> {
        self.flush()?;
        self.written = 0;
        self.writer.take().map(Writer::finish).transpose()
    }

    fn flush(&mut self) -> Result<(), LakeError> {
        if self.group.is_empty() {
            return Ok(());
        }
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(Writer::new(&self.key, self.origin)?),
        };
        writer.push(&self.group)?;
        self.written += self.group.len();
        self.group.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{about, read};
    use copilot_domain::ids::AccountId;

    #[test]
    fn a_large_tenant_is_split_and_nothing_is_lost() {
        let key = LakeKey::new([1; 32]);
        let mut parts = Parts::new(&key, Origin::Lived, 10);
        parts.rows_in_part = 25;
        let mut files = Vec::new();
        for number in 0..60 {
            let account = AccountId::derived(&[&number.to_string()]);
            let row = Row::new(
                account,
                "2026-01-31".parse().unwrap(),
                "2026-01-31T01:00:00Z".parse().unwrap(),
            );
            files.extend(parts.push(row).unwrap());
        }
        files.extend(parts.finish().unwrap());
        assert!(parts.finish().unwrap().is_none());
        let rows: Vec<u64> = files.iter().map(|file| about(file).unwrap().rows).collect();
        assert_eq!(rows, [25, 25, 10]);
        let mut accounts: Vec<AccountId> = files
            .iter()
            .flat_map(|file| read(file, &key).unwrap())
            .map(|row| row.account)
            .collect();
        accounts.sort();
        accounts.dedup();
        assert_eq!(accounts.len(), 60);
    }
}
