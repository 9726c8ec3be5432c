//! The inverse cosine transform of an 8x8 block: libjpeg's accurate integer transform. Sums that overflow, as in damaged
//! files, wrap and saturate as in libjpeg-turbo's vector code.

use super::block::Block;

type Rows = [[i16; 8]; 8];

/// Dequantizes and transforms a block, and writes its samples to a plane at `place`.
#[inline(always)]
pub(super) fn inverse(block: &Block, quantizers: &[u16; 64], plane: &mut [u8], place: usize, stride: usize) {
    let mut rows: Rows = [[0; 8]; 8];
    for (row, values) in rows.iter_mut().enumerate() {
        for (column, value) in values.iter_mut().enumerate() {
            *value = block[row * 8 + column].wrapping_mul(quantizers[row * 8 + column] as i16);
        }
    }
    let only_first_row = block[8..].iter().fold(0, |any, &value| any | value) == 0;
    if only_first_row && block[1..8].iter().fold(0, |any, &value| any | value) == 0 {
        let value = (i32::from(rows[0][0].wrapping_shl(2)) + 16) >> 5;
        let sample = (value.clamp(-128, 127) + 128) as u8;
        for row in 0..8 {
            plane[place + row * stride..][..8].fill(sample);
        }
        return;
    }
    let columns = if only_first_row { [rows[0].map(|value| value.wrapping_shl(2)); 8] } else { pass::<11>(&rows) };
    let samples = transpose(&pass::<18>(&transpose(&columns)));
    for (row, values) in samples.iter().enumerate() {
        let samples = values.map(|value| (value.clamp(-128, 127) + 128) as u8);
        plane[place + row * stride..][..8].copy_from_slice(&samples);
    }
}

#[inline(always)]
fn transpose(rows: &Rows) -> Rows {
    std::array::from_fn(|row| std::array::from_fn(|column| rows[column][row]))
}

/// Transforms each of the eight columns. The constants are cosines with 13 fractional bits.
#[inline(always)]
fn pass<const SHIFT: u32>(rows: &Rows) -> Rows {
    let mut out: Rows = [[0; 8]; 8];
    for column in 0..8 {
        let at = |row: usize| rows[row][column];
        let wide = |row: usize| i32::from(rows[row][column]);
        let sum = |a: i32, b: i32| a.wrapping_add(b);
        let even_2 = wide(2) * 4433 + wide(6) * (4433 - 15137);
        let even_3 = wide(2) * (4433 + 6270) + wide(6) * 4433;
        let even_0 = i32::from(at(0).wrapping_add(at(4))) << 13;
        let even_1 = i32::from(at(0).wrapping_sub(at(4))) << 13;
        let even = [sum(even_0, even_3), sum(even_1, even_2), even_1.wrapping_sub(even_2), even_0.wrapping_sub(even_3)];

        let (a, b) = (i32::from(at(7).wrapping_add(at(3))), i32::from(at(5).wrapping_add(at(1))));
        let (c, d) = (sum(a * (9633 - 16069), b * 9633), sum(a * 9633, b * (9633 - 3196)));
        let odd = [
            sum(sum(wide(7) * -7373, wide(1) * (12299 - 7373)), d),
            sum(sum(wide(5) * -20995, wide(3) * (25172 - 20995)), c),
            sum(sum(wide(5) * (16819 - 20995), wide(3) * -20995), d),
            sum(sum(wide(7) * (2446 - 7373), wide(1) * -7373), c),
        ];
        for row in 0..4 {
            let scale = |value: i32| {
                (value.wrapping_add(1 << (SHIFT - 1)) >> SHIFT).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
            };
            out[row][column] = scale(sum(even[row], odd[row]));
            out[7 - row][column] = scale(even[row].wrapping_sub(odd[row]));
        }
    }
    out
}
