//! Reads numbers and bytes in order. The end of the data is an error.

use super::problem::truncated;
use crate::error::Error;

pub(super) struct Reader<'a> {
    format: &'static str,
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(format: &'static str, bytes: &'a [u8]) -> Self {
        Self { format, bytes, position: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let end = self.position.checked_add(count).ok_or_else(|| truncated(self.format))?;
        let taken = self.bytes.get(self.position..end).ok_or_else(|| truncated(self.format))?;
        self.position = end;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Error> {
        Ok(self.take(1)?[0])
    }

    /// Little-endian.
    pub(super) fn u16(&mut self) -> Result<usize, Error> {
        let bytes = self.take(2)?;
        Ok(usize::from(bytes[0]) | usize::from(bytes[1]) << 8)
    }

    /// Little-endian.
    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        let bytes = self.take(4)?;
        Ok(bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | u32::from(byte)))
    }
}
