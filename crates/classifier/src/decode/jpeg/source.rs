//! The bytes of a JPEG, and the markers between its scans.
//!
//! Damaged files are read as libjpeg reads them, byte for byte, because what it makes of them is what a training pipeline
//! has seen.

use super::failure::Failure;

pub(super) const RST0: u8 = 0xd0;
pub(super) const SOI: u8 = 0xd8;
pub(super) const EOI: u8 = 0xd9;

/// A position in the data, and the marker that was read but not yet processed.
pub(super) struct Source<'a> {
    bytes: &'a [u8],
    position: usize,
    /// 0 if there is none.
    pub(super) marker: u8,
    next_restart: u8,
}

impl<'a> Source<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, marker: 0, next_restart: 0 }
    }

    pub(super) fn byte(&mut self) -> Result<u8, Failure> {
        let byte = *self.bytes.get(self.position).ok_or(Failure::Truncated)?;
        self.position += 1;
        Ok(byte)
    }

    pub(super) fn two_bytes(&mut self) -> Result<usize, Failure> {
        Ok(usize::from(self.byte()?) << 8 | usize::from(self.byte()?))
    }

    /// The rest of a segment: its length comes first, and counts itself.
    pub(super) fn segment(&mut self) -> Result<&'a [u8], Failure> {
        let length = self.two_bytes()?.saturating_sub(2);
        let segment = self.bytes.get(self.position..self.position + length).ok_or(Failure::Truncated)?;
        self.position += length;
        Ok(segment)
    }

    /// The next eight bytes, if none of them is 0xff.
    pub(super) fn eight_plain_bytes(&self) -> Option<u64> {
        let eight = self.bytes.get(self.position..)?.first_chunk::<8>()?;
        let word = u64::from_be_bytes(*eight);
        // A byte of 0xff becomes 0 when inverted.
        let inverted = !word;
        let has_zero = inverted.wrapping_sub(0x0101_0101_0101_0101) & !inverted & 0x8080_8080_8080_8080;
        (has_zero == 0).then_some(word)
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.position += count;
    }

    /// The next byte of entropy-coded data. `None` at a marker, which is kept.
    pub(super) fn coded_byte(&mut self) -> Result<Option<u8>, Failure> {
        if self.marker != 0 {
            return Ok(None);
        }
        let byte = self.byte()?;
        if byte != 0xff {
            return Ok(Some(byte));
        }
        let mut code = self.byte()?;
        while code == 0xff {
            code = self.byte()?;
        }
        if code == 0 {
            return Ok(Some(0xff));
        }
        self.marker = code;
        Ok(None)
    }

    /// Reads to the next marker, and skips what is not one.
    pub(super) fn next_marker(&mut self) -> Result<(), Failure> {
        loop {
            while self.byte()? != 0xff {}
            let mut code = self.byte()?;
            while code == 0xff {
                code = self.byte()?;
            }
            if code != 0 {
                self.marker = code;
                return Ok(());
            }
        }
    }

    pub(super) fn start_scan(&mut self) {
        self.marker = 0;
        self.next_restart = 0;
    }

    /// Passes the restart marker that is due. If another marker is found, some data is lost or added: skips to a marker that
    /// lies ahead, or leaves a marker that has come too early, so that the missing part stays empty.
    pub(super) fn pass_restart(&mut self) -> Result<(), Failure> {
        if self.marker == 0 {
            self.next_marker()?;
        }
        let due = self.next_restart;
        self.next_restart = (due + 1) & 7;
        loop {
            let ahead = self.marker.wrapping_sub(RST0).wrapping_sub(due) & 7;
            match self.marker {
                marker if marker < 0xc0 => self.next_marker()?,
                marker if !(RST0..SOI).contains(&marker) => return Ok(()),
                _ if ahead == 1 || ahead == 2 => return Ok(()),
                _ if ahead == 6 || ahead == 7 => self.next_marker()?,
                _ => {
                    self.marker = 0;
                    return Ok(());
                }
            }
        }
    }
}
