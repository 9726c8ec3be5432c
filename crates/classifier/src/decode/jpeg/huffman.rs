//! Huffman-coded blocks, of sequential and of progressive scans.

use super::block::{Block, Scan, ZIGZAG};
use super::failure::Failure;
use super::source::Source;

const LOOKAHEAD: u32 = 8;

/// A Huffman table as it is in the file.
#[derive(Clone)]
pub(super) struct Code {
    /// How many codes there are of each length, from 1.
    pub(super) counts: [u8; 16],
    pub(super) symbols: [u8; 256],
}

/// A Huffman table, ready for decoding.
pub(super) struct Table {
    /// For the next bits: the length of their code, and its symbol. Length 0 if the code is longer.
    short: [(u8, u8); 1 << LOOKAHEAD],
    /// Largest code of each length, or -1.
    largest: [i32; 18],
    /// What to add to a code of each length to get the index of its symbol.
    offset: [i32; 17],
    symbols: [u8; 256],
}

impl Table {
    pub(super) fn new(code: &Code, is_dc: bool) -> Result<Self, Failure> {
        let bad = Failure::Damaged("a Huffman table is invalid");
        let total: usize = code.counts.iter().map(|&count| usize::from(count)).sum();
        if total > 256 || (is_dc && code.symbols[..total].iter().any(|&symbol| symbol > 15)) {
            return Err(bad);
        }
        let mut table =
            Self { short: [(0, 0); 1 << LOOKAHEAD], largest: [-1; 18], offset: [0; 17], symbols: code.symbols };
        table.largest[17] = i32::MAX;
        let (mut next, mut index) = (0_i32, 0_usize);
        for length in 1..=16_usize {
            let count = usize::from(code.counts[length - 1]);
            if count > 0 {
                table.offset[length] = index as i32 - next;
                for _ in 0..count {
                    if let Some(free) = LOOKAHEAD.checked_sub(length as u32) {
                        let first = (next as usize) << free;
                        let same = table.short.get_mut(first..first + (1 << free)).ok_or(bad)?;
                        same.fill((length as u8, code.symbols[index]));
                    }
                    next += 1;
                    index += 1;
                }
                table.largest[length] = next - 1;
                // No code consists of ones only.
                if next >= 1 << length {
                    return Err(bad);
                }
            }
            next <<= 1;
        }
        Ok(table)
    }
}

/// Decodes one scan.
pub(super) struct Decoder {
    bits: u64,
    /// Valid bits of `bits`, the last of which are the next.
    left: u32,
    /// The data ended early, at a marker.
    pub(super) ran_dry: bool,
    last_dc: [i32; 4],
    /// Blocks that still end without a coefficient.
    end_run: u32,
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self { bits: 0, left: 0, ran_dry: false, last_dc: [0; 4], end_run: 0 }
    }

    pub(super) fn restart(&mut self, source: &mut Source) -> Result<(), Failure> {
        source.pass_restart()?;
        *self = Self { ran_dry: self.ran_dry && source.marker != 0, ..Self::new() };
        Ok(())
    }

    /// Loads bits. If a marker leaves fewer than `needed`, zeros follow.
    #[inline]
    fn fill(&mut self, source: &mut Source, needed: u32) -> Result<(), Failure> {
        if source.marker == 0
            && let Some(word) = source.eight_plain_bytes()
        {
            let count = (64 - self.left) / 8;
            self.bits = if count == 8 { word } else { self.bits << (count * 8) | word >> (64 - count * 8) };
            self.left += count * 8;
            source.skip(count as usize);
            return Ok(());
        }
        self.fill_slowly(source, needed)
    }

    #[cold]
    fn fill_slowly(&mut self, source: &mut Source, needed: u32) -> Result<(), Failure> {
        while self.left <= 56 {
            let Some(byte) = source.coded_byte()? else {
                if self.left < needed {
                    self.ran_dry = true;
                    self.bits <<= 57 - self.left;
                    self.left = 57;
                }
                break;
            };
            self.bits = self.bits << 8 | u64::from(byte);
            self.left += 8;
        }
        Ok(())
    }

    #[inline]
    fn take(&mut self, source: &mut Source, count: u32) -> Result<i32, Failure> {
        if count == 0 {
            return Ok(0);
        }
        if self.left < count {
            self.fill(source, count)?;
        }
        self.left -= count;
        Ok((self.bits >> self.left & ((1 << count) - 1)) as i32)
    }

    /// A signed number of that many bits.
    #[inline]
    fn number(&mut self, source: &mut Source, bits: u32) -> Result<i32, Failure> {
        let value = self.take(source, bits)?;
        Ok(if value < (1 << bits) >> 1 { value - (1 << bits) + 1 } else { value })
    }

    #[inline]
    fn symbol(&mut self, source: &mut Source, table: &Table) -> Result<u32, Failure> {
        if self.left < LOOKAHEAD {
            self.fill(source, 0)?;
        }
        let mut length = 1;
        if self.left >= LOOKAHEAD {
            let next = (self.bits >> (self.left - LOOKAHEAD)) as usize & ((1 << LOOKAHEAD) - 1);
            let (bits, symbol) = table.short[next];
            if bits > 0 {
                self.left -= u32::from(bits);
                return Ok(u32::from(symbol));
            }
            length = LOOKAHEAD as usize + 1;
        }
        let mut code = self.take(source, length as u32)?;
        while code > table.largest[length] {
            code = code << 1 | self.take(source, 1)?;
            length += 1;
        }
        // No such code: as libjpeg, go on with a zero.
        let index = if length > 16 { return Ok(0) } else { code + table.offset[length] };
        Ok(u32::from(table.symbols[index as usize & 255]))
    }

    /// A block of a sequential scan. The block must be zero.
    pub(super) fn sequential(
        &mut self,
        source: &mut Source,
        component: usize,
        [dc, ac]: [&Table; 2],
        block: &mut Block,
    ) -> Result<(), Failure> {
        let bits = self.symbol(source, dc)?;
        let difference = self.number(source, bits)?;
        self.last_dc[component] = self.last_dc[component].wrapping_add(difference);
        block[0] = self.last_dc[component] as i16;
        let mut place = 1;
        while place < 64 {
            let symbol = self.symbol(source, ac)?;
            let (run, bits) = (symbol as usize >> 4, symbol & 15);
            if bits > 0 {
                place += run;
                block[ZIGZAG[place]] = self.number(source, bits)? as i16;
            } else if run == 15 {
                place += 15;
            } else {
                break;
            }
            place += 1;
        }
        Ok(())
    }

    pub(super) fn dc_first(
        &mut self,
        source: &mut Source,
        component: usize,
        table: &Table,
        scan: &Scan,
        block: &mut Block,
    ) -> Result<(), Failure> {
        let bits = self.symbol(source, table)?;
        let difference = self.number(source, bits)?;
        let value = self.last_dc[component].checked_add(difference);
        self.last_dc[component] = value.ok_or(Failure::Damaged("a coefficient is out of range"))?;
        block[0] = (self.last_dc[component] << scan.low) as i16;
        Ok(())
    }

    pub(super) fn dc_refine(&mut self, source: &mut Source, scan: &Scan, block: &mut Block) -> Result<(), Failure> {
        block[0] |= (self.take(source, 1)? << scan.low) as i16;
        Ok(())
    }

    pub(super) fn ac_first(
        &mut self,
        source: &mut Source,
        table: &Table,
        scan: &Scan,
        block: &mut Block,
    ) -> Result<(), Failure> {
        if self.end_run > 0 {
            self.end_run -= 1;
            return Ok(());
        }
        let mut place = scan.first;
        while place <= scan.last {
            let symbol = self.symbol(source, table)?;
            let (run, bits) = (symbol >> 4, symbol & 15);
            if bits > 0 {
                place += run as usize;
                block[ZIGZAG[place]] = (self.number(source, bits)? << scan.low) as i16;
            } else if run == 15 {
                place += 15;
            } else {
                self.end_run = (1 << run) + self.take(source, run)? as u32 - 1;
                break;
            }
            place += 1;
        }
        Ok(())
    }

    pub(super) fn ac_refine(
        &mut self,
        source: &mut Source,
        table: &Table,
        scan: &Scan,
        block: &mut Block,
    ) -> Result<(), Failure> {
        let (plus, minus) = (1_i16 << scan.low, -1_i16 << scan.low);
        let mut place = scan.first;
        if self.end_run == 0 {
            while place <= scan.last {
                let symbol = self.symbol(source, table)?;
                let (mut run, bits) = (symbol >> 4, symbol & 15);
                let mut new = 0;
                if bits > 0 {
                    new = if self.take(source, 1)? == 1 { plus } else { minus };
                } else if run != 15 {
                    self.end_run = (1 << run) + self.take(source, run)? as u32;
                    break;
                }
                // Skips `run` coefficients that are still zero, and refines those that are not.
                loop {
                    let coefficient = &mut block[ZIGZAG[place]];
                    if *coefficient != 0 {
                        self.refine(source, coefficient, plus, minus)?;
                    } else if run == 0 {
                        break;
                    } else {
                        run -= 1;
                    }
                    place += 1;
                    if place > scan.last {
                        break;
                    }
                }
                if new != 0 {
                    block[ZIGZAG[place]] = new;
                }
                place += 1;
            }
        }
        if self.end_run > 0 {
            for place in place..=scan.last {
                let coefficient = &mut block[ZIGZAG[place]];
                if *coefficient != 0 {
                    self.refine(source, coefficient, plus, minus)?;
                }
            }
            self.end_run -= 1;
        }
        Ok(())
    }

    fn refine(&mut self, source: &mut Source, coefficient: &mut i16, plus: i16, minus: i16) -> Result<(), Failure> {
        if self.take(source, 1)? == 1 && *coefficient & plus == 0 {
            *coefficient = coefficient.wrapping_add(if *coefficient >= 0 { plus } else { minus });
        }
        Ok(())
    }
}
