//! Arithmetic-coded blocks, of sequential and of progressive scans (ITU-T T.81, annexes D, F and G).

use super::block::{Block, Scan, ZIGZAG};
use super::failure::Failure;
use super::source::Source;

/// Probability of the less probable symbol, the next state after it and after the more probable one, and whether the two
/// swap. The last state is a fixed probability of one half.
#[rustfmt::skip]
const STATES: [(u32, u8, u8, u8); 114] = [
    (0x5a1d, 1, 1, 1), (0x2586, 14, 2, 0), (0x1114, 16, 3, 0), (0x080b, 18, 4, 0), (0x03d8, 20, 5, 0),
    (0x01da, 23, 6, 0), (0x00e5, 25, 7, 0), (0x006f, 28, 8, 0), (0x0036, 30, 9, 0), (0x001a, 33, 10, 0),
    (0x000d, 35, 11, 0), (0x0006, 9, 12, 0), (0x0003, 10, 13, 0), (0x0001, 12, 13, 0), (0x5a7f, 15, 15, 1),
    (0x3f25, 36, 16, 0), (0x2cf2, 38, 17, 0), (0x207c, 39, 18, 0), (0x17b9, 40, 19, 0), (0x1182, 42, 20, 0),
    (0x0cef, 43, 21, 0), (0x09a1, 45, 22, 0), (0x072f, 46, 23, 0), (0x055c, 48, 24, 0), (0x0406, 49, 25, 0),
    (0x0303, 51, 26, 0), (0x0240, 52, 27, 0), (0x01b1, 54, 28, 0), (0x0144, 56, 29, 0), (0x00f5, 57, 30, 0),
    (0x00b7, 59, 31, 0), (0x008a, 60, 32, 0), (0x0068, 62, 33, 0), (0x004e, 63, 34, 0), (0x003b, 32, 35, 0),
    (0x002c, 33, 9, 0), (0x5ae1, 37, 37, 1), (0x484c, 64, 38, 0), (0x3a0d, 65, 39, 0), (0x2ef1, 67, 40, 0),
    (0x261f, 68, 41, 0), (0x1f33, 69, 42, 0), (0x19a8, 70, 43, 0), (0x1518, 72, 44, 0), (0x1177, 73, 45, 0),
    (0x0e74, 74, 46, 0), (0x0bfb, 75, 47, 0), (0x09f8, 77, 48, 0), (0x0861, 78, 49, 0), (0x0706, 79, 50, 0),
    (0x05cd, 48, 51, 0), (0x04de, 50, 52, 0), (0x040f, 50, 53, 0), (0x0363, 51, 54, 0), (0x02d4, 52, 55, 0),
    (0x025c, 53, 56, 0), (0x01f8, 54, 57, 0), (0x01a4, 55, 58, 0), (0x0160, 56, 59, 0), (0x0125, 57, 60, 0),
    (0x00f6, 58, 61, 0), (0x00cb, 59, 62, 0), (0x00ab, 61, 63, 0), (0x008f, 61, 32, 0), (0x5b12, 65, 65, 1),
    (0x4d04, 80, 66, 0), (0x412c, 81, 67, 0), (0x37d8, 82, 68, 0), (0x2fe8, 83, 69, 0), (0x293c, 84, 70, 0),
    (0x2379, 86, 71, 0), (0x1edf, 87, 72, 0), (0x1aa9, 87, 73, 0), (0x174e, 72, 74, 0), (0x1424, 72, 75, 0),
    (0x119c, 74, 76, 0), (0x0f6b, 74, 77, 0), (0x0d51, 75, 78, 0), (0x0bb6, 77, 79, 0), (0x0a40, 77, 48, 0),
    (0x5832, 80, 81, 1), (0x4d1c, 88, 82, 0), (0x438e, 89, 83, 0), (0x3bdd, 90, 84, 0), (0x34ee, 91, 85, 0),
    (0x2eae, 92, 86, 0), (0x299a, 93, 87, 0), (0x2516, 86, 71, 0), (0x5570, 88, 89, 1), (0x4ca9, 95, 90, 0),
    (0x44d9, 96, 91, 0), (0x3e22, 97, 92, 0), (0x3824, 99, 93, 0), (0x32b4, 99, 94, 0), (0x2e17, 93, 86, 0),
    (0x56a8, 95, 96, 1), (0x4f46, 101, 97, 0), (0x47e5, 102, 98, 0), (0x41cf, 103, 99, 0), (0x3c3d, 104, 100, 0),
    (0x375e, 99, 93, 0), (0x5231, 105, 102, 0), (0x4c0f, 106, 103, 0), (0x4639, 107, 104, 0), (0x415e, 103, 99, 0),
    (0x5627, 105, 106, 1), (0x50e7, 108, 107, 0), (0x4b85, 109, 103, 0), (0x5597, 110, 109, 0), (0x504f, 111, 107, 0),
    (0x5a10, 110, 111, 1), (0x5522, 112, 109, 0), (0x59eb, 112, 111, 1), (0x5a1d, 113, 113, 0),
];
const FIXED: u8 = 113;

/// Thresholds of the contexts, from a DAC segment.
#[derive(Clone, Copy)]
pub(super) struct Conditioning {
    pub(super) dc_low: u8,
    pub(super) dc_high: u8,
    pub(super) ac: u8,
}

impl Default for Conditioning {
    fn default() -> Self {
        Self { dc_low: 0, dc_high: 1, ac: 5 }
    }
}

/// Statistics of one table: a state and, in the high bit, the more probable symbol.
type Bins = [u8; 256];

/// Decodes one scan.
pub(super) struct Decoder {
    code: u64,
    interval: u32,
    /// Bits of `code` below the interval; negative until the first two bytes are read.
    shift: i32,
    /// An invalid code ends the segment.
    failed: bool,
    last_dc: [i32; 4],
    dc_context: [usize; 4],
    dc: Box<[Bins; 16]>,
    ac: Box<[Bins; 16]>,
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self {
            code: 0,
            interval: 0,
            shift: -16,
            failed: false,
            last_dc: [0; 4],
            dc_context: [0; 4],
            dc: Box::new([[0; 256]; 16]),
            ac: Box::new([[0; 256]; 16]),
        }
    }

    pub(super) fn restart(&mut self, source: &mut Source) -> Result<(), Failure> {
        source.pass_restart()?;
        *self = Self::new();
        Ok(())
    }

    fn load(&mut self, source: &mut Source) -> Result<(), Failure> {
        while self.interval < 0x8000 {
            self.shift -= 1;
            if self.shift < 0 {
                // After the data, zeros follow.
                let byte = source.coded_byte()?.unwrap_or(0);
                self.code = self.code << 8 | u64::from(byte);
                self.shift += 8;
                if self.shift < 0 {
                    self.shift += 1;
                    if self.shift == 0 {
                        self.interval = 0x8000;
                    }
                }
            }
            self.interval <<= 1;
        }
        Ok(())
    }

    /// Decodes one decision, and returns it with the new state.
    fn decide(&mut self, source: &mut Source, state: u8) -> Result<(bool, u8), Failure> {
        self.load(source)?;
        let (probability, after_less, after_more, swap) = STATES[usize::from(state & 0x7f)];
        let after_less = (state & 0x80) ^ (after_less | swap << 7);
        let after_more = (state & 0x80) ^ after_more;
        let more = state & 0x80 != 0;
        self.interval -= probability;
        let bound = u64::from(self.interval) << self.shift;
        if self.code >= bound {
            self.code -= bound;
            let exchange = self.interval < probability;
            self.interval = probability;
            return Ok(if exchange { (more, after_more) } else { (!more, after_less) });
        }
        if self.interval >= 0x8000 {
            return Ok((more, state));
        }
        Ok(if self.interval < probability { (!more, after_less) } else { (more, after_more) })
    }

    fn dc_bit(&mut self, source: &mut Source, table: usize, bin: usize) -> Result<bool, Failure> {
        let (bit, state) = self.decide(source, self.dc[table][bin])?;
        self.dc[table][bin] = state;
        Ok(bit)
    }

    fn ac_bit(&mut self, source: &mut Source, table: usize, bin: usize) -> Result<bool, Failure> {
        let (bit, state) = self.decide(source, self.ac[table][bin])?;
        self.ac[table][bin] = state;
        Ok(bit)
    }

    fn fixed_bit(&mut self, source: &mut Source) -> Result<bool, Failure> {
        Ok(self.decide(source, FIXED)?.0)
    }

    /// The DC coefficient of a block. `None` if the code is invalid.
    fn dc_value(
        &mut self,
        source: &mut Source,
        component: usize,
        table: usize,
        conditioning: Conditioning,
    ) -> Result<Option<i32>, Failure> {
        let mut bin = self.dc_context[component];
        if !self.dc_bit(source, table, bin)? {
            self.dc_context[component] = 0;
            return Ok(Some(self.last_dc[component]));
        }
        let negative = self.dc_bit(source, table, bin + 1)?;
        bin += 2 + usize::from(negative);
        let mut magnitude = i32::from(self.dc_bit(source, table, bin)?);
        if magnitude != 0 {
            bin = 20;
            while self.dc_bit(source, table, bin)? {
                magnitude <<= 1;
                if magnitude == 0x8000 {
                    self.failed = true;
                    return Ok(None);
                }
                bin += 1;
            }
        }
        let sign = 4 * usize::from(negative);
        self.dc_context[component] = if magnitude < (1 << conditioning.dc_low) >> 1 {
            0
        } else if magnitude > (1 << conditioning.dc_high) >> 1 {
            12 + sign
        } else {
            4 + sign
        };
        let mut value = magnitude;
        bin += 14;
        while magnitude > 1 {
            magnitude >>= 1;
            if self.dc_bit(source, table, bin)? {
                value |= magnitude;
            }
        }
        value += 1;
        let difference = if negative { -value } else { value };
        self.last_dc[component] = (self.last_dc[component] + difference) & 0xffff;
        Ok(Some(self.last_dc[component]))
    }

    /// The AC coefficients of a band, without earlier scans.
    fn ac_values(
        &mut self,
        source: &mut Source,
        table: usize,
        conditioning: Conditioning,
        scan: &Scan,
        block: &mut Block,
    ) -> Result<(), Failure> {
        let mut place = scan.first.max(1);
        while place <= scan.last {
            if self.ac_bit(source, table, 3 * (place - 1))? {
                break;
            }
            while !self.ac_bit(source, table, 3 * (place - 1) + 1)? {
                place += 1;
                if place > scan.last {
                    self.failed = true;
                    return Ok(());
                }
            }
            let negative = self.fixed_bit(source)?;
            let mut bin = 3 * (place - 1) + 2;
            let mut magnitude = i32::from(self.ac_bit(source, table, bin)?);
            if magnitude != 0 && self.ac_bit(source, table, bin)? {
                magnitude <<= 1;
                bin = if place <= usize::from(conditioning.ac) { 189 } else { 217 };
                while self.ac_bit(source, table, bin)? {
                    magnitude <<= 1;
                    if magnitude == 0x8000 {
                        self.failed = true;
                        return Ok(());
                    }
                    bin += 1;
                }
            }
            let mut value = magnitude;
            bin += 14;
            while magnitude > 1 {
                magnitude >>= 1;
                if self.ac_bit(source, table, bin)? {
                    value |= magnitude;
                }
            }
            value += 1;
            block[ZIGZAG[place]] = ((if negative { -value } else { value }) << scan.low) as i16;
            place += 1;
        }
        Ok(())
    }

    /// A block of a sequential scan. The block must be zero.
    pub(super) fn sequential(
        &mut self,
        source: &mut Source,
        component: usize,
        [(dc, dc_conditioning), (ac, ac_conditioning)]: [(usize, Conditioning); 2],
        block: &mut Block,
    ) -> Result<(), Failure> {
        if self.failed {
            return Ok(());
        }
        let Some(value) = self.dc_value(source, component, dc, dc_conditioning)? else { return Ok(()) };
        block[0] = value as i16;
        self.ac_values(source, ac, ac_conditioning, &Scan { first: 1, last: 63, high: 0, low: 0 }, block)
    }

    pub(super) fn dc_first(
        &mut self,
        source: &mut Source,
        component: usize,
        (table, conditioning): (usize, Conditioning),
        scan: &Scan,
        block: &mut Block,
    ) -> Result<(), Failure> {
        if self.failed {
            return Ok(());
        }
        if let Some(value) = self.dc_value(source, component, table, conditioning)? {
            block[0] = (value << scan.low) as i16;
        }
        Ok(())
    }

    pub(super) fn dc_refine(&mut self, source: &mut Source, scan: &Scan, block: &mut Block) -> Result<(), Failure> {
        if self.fixed_bit(source)? {
            block[0] |= 1 << scan.low;
        }
        Ok(())
    }

    pub(super) fn ac_first(
        &mut self,
        source: &mut Source,
        (table, conditioning): (usize, Conditioning),
        scan: &Scan,
        block: &mut Block,
    ) -> Result<(), Failure> {
        if self.failed { Ok(()) } else { self.ac_values(source, table, conditioning, scan, block) }
    }

    pub(super) fn ac_refine(
        &mut self,
        source: &mut Source,
        table: usize,
        scan: &Scan,
        block: &mut Block,
    ) -> Result<(), Failure> {
        if self.failed {
            return Ok(());
        }
        let (plus, minus) = (1_i16 << scan.low, -1_i16 << scan.low);
        let known = (1..=scan.last).rev().find(|&place| block[ZIGZAG[place]] != 0).unwrap_or(0);
        let mut place = scan.first;
        while place <= scan.last {
            if place > known && self.ac_bit(source, table, 3 * (place - 1))? {
                break;
            }
            loop {
                let bin = 3 * (place - 1);
                let coefficient = &mut block[ZIGZAG[place]];
                if *coefficient != 0 {
                    if self.ac_bit(source, table, bin + 2)? {
                        *coefficient = coefficient.wrapping_add(if *coefficient < 0 { minus } else { plus });
                    }
                    break;
                }
                if self.ac_bit(source, table, bin + 1)? {
                    *coefficient = if self.fixed_bit(source)? { minus } else { plus };
                    break;
                }
                place += 1;
                if place > scan.last {
                    self.failed = true;
                    return Ok(());
                }
            }
            place += 1;
        }
        Ok(())
    }
}
