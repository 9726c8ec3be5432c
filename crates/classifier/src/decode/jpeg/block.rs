//! Blocks of coefficients, and which of them a scan holds.

/// The coefficients of 8x8 samples, row by row.
pub(super) type Block = [i16; 64];

/// From the order of the file to rows. A run in a damaged file may go beyond the last coefficient.
pub(super) const ZIGZAG: [usize; 80] = {
    let mut order = [63; 80];
    let (mut index, mut diagonal) = (0, 0);
    while diagonal < 15 {
        let mut step = 0;
        while step <= diagonal {
            let (row, column) = if diagonal % 2 == 0 { (diagonal - step, step) } else { (step, diagonal - step) };
            if row < 8 && column < 8 {
                order[index] = row * 8 + column;
                index += 1;
            }
            step += 1;
        }
        diagonal += 1;
    }
    order
};

/// Which coefficients a scan holds, and which of their bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan {
    pub(super) first: usize,
    pub(super) last: usize,
    /// Missing low bits before this scan, plus one; 0 in the first scan of these coefficients.
    pub(super) high: u8,
    /// Missing low bits after this scan.
    pub(super) low: u8,
}
