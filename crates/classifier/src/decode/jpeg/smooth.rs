//! Estimates coefficients that a progressive file does not contain, from the DC coefficients of the blocks around. libjpeg
//! does so for files whose last scans are missing.

use super::block::Block;
use super::component::Component;

/// Place of the coefficient, and the weights of the DC coefficients of 5x5 blocks: if the first AC coefficients are partly
/// known, and if none is.
type Estimate = (usize, [i32; 25], [i32; 25]);

#[rustfmt::skip]
const ESTIMATES: [Estimate; 9] = [
    (1,
        [0, 0, 0, 0, 0,  0, 0, 0, 0, 0,  -7, 50, 0, -50, 7,  0, 0, 0, 0, 0,  0, 0, 0, 0, 0],
        [-1, -1, 0, 1, 1,  -3, 13, 0, -13, 3,  -3, 38, 0, -38, 3,  -3, 13, 0, -13, 3,  -1, -1, 0, 1, 1]),
    (8,
        [0, 0, -7, 0, 0,  0, 0, 50, 0, 0,  0, 0, 0, 0, 0,  0, 0, -50, 0, 0,  0, 0, 7, 0, 0],
        [-1, -3, -3, -3, -1,  -1, 13, 38, 13, -1,  0, 0, 0, 0, 0,  1, -13, -38, -13, 1,  1, 3, 3, 3, 1]),
    (16,
        [0, 0, -1, 0, 0,  0, 0, 13, 0, 0,  0, 0, -24, 0, 0,  0, 0, 13, 0, 0,  0, 0, -1, 0, 0],
        [0, 0, 1, 0, 0,  0, 2, 7, 2, 0,  0, -5, -14, -5, 0,  0, 2, 7, 2, 0,  0, 0, 1, 0, 0]),
    (9,
        [0, -1, 0, 1, 0,  -1, 10, 0, -10, 1,  0, 0, 0, 0, 0,  1, -10, 0, 10, -1,  0, 1, 0, -1, 0],
        [-1, 0, 0, 0, 1,  0, 9, 0, -9, 0,  0, 0, 0, 0, 0,  0, -9, 0, 9, 0,  1, 0, 0, 0, -1]),
    (2,
        [0, 0, 0, 0, 0,  0, 0, 0, 0, 0,  -1, 13, -24, 13, -1,  0, 0, 0, 0, 0,  0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0,  0, 2, -5, 2, 0,  1, 7, -14, 7, 1,  0, 2, -5, 2, 0,  0, 0, 0, 0, 0]),
    (3, [0; 25], [0, 0, 0, 0, 0,  0, 1, 0, -1, 0,  0, 2, 0, -2, 0,  0, 1, 0, -1, 0,  0, 0, 0, 0, 0]),
    (10, [0; 25], [0, 0, 0, 0, 0,  0, 1, -3, 1, 0,  0, 0, 0, 0, 0,  0, -1, 3, -1, 0,  0, 0, 0, 0, 0]),
    (17, [0; 25], [0, 0, 0, 0, 0,  0, 1, 0, -1, 0,  0, -3, 0, 3, 0,  0, 1, 0, -1, 0,  0, 0, 0, 0, 0]),
    (24, [0; 25], [0, 0, 0, 0, 0,  0, 1, 2, 1, 0,  0, 0, 0, 0, 0,  0, -1, -2, -1, 0,  0, 0, 0, 0, 0]),
];

#[rustfmt::skip]
const AVERAGE: [i32; 25] = [
    -2, -6, -8, -6, -2,  -6, 6, 42, 6, -6,  -8, 42, 152, 42, -8,  -6, 6, 42, 6, -6,  -2, -6, -8, -6, -2,
];

/// Whether an estimate helps: the DC coefficients of all components are known, and some AC coefficient is not.
pub(super) fn is_useful(components: &[Component]) -> bool {
    let can_divide = |component: &Component| {
        let places = ESTIMATES.iter().map(|(place, ..)| *place).chain([0]);
        component.quantizers.is_some_and(|quantizers| places.into_iter().all(|place| quantizers[place] != 0))
    };
    components.iter().all(|component| can_divide(component) && component.known[0] >= 0)
        && components.iter().any(|component| component.known[1..10].iter().any(|&bits| bits != 0))
}

/// A block with its estimates. `row` counts the component's rows of blocks; `last_good` is the last row of MCUs that the
/// last scan reached.
pub(super) fn smooth(
    component: &Component,
    column: usize,
    row: usize,
    mcu_rows: usize,
    last_good: usize,
    quantizers: &[u16; 64],
) -> Block {
    let (mcu_row, row_in_mcu) = (row / component.down, row % component.down);
    let known = if mcu_row > last_good { &component.known_before } else { &component.known };
    let no_ac = known[1..10].iter().all(|&bits| bits == -1);

    // As in libjpeg, rows count differently in a last row of MCUs that is not full.
    let rest = component.rows % component.down;
    let rows_here = if mcu_row + 1 < mcu_rows || rest == 0 { component.down } else { rest };
    let (counted, count) = (mcu_row * rows_here + row_in_mcu, rows_here * mcu_rows);
    let above = if counted > 0 { row - 1 } else { row };
    let above_2 = if counted > 1 { row - 2 } else { above };
    let below = if counted + 1 < count { row + 1 } else { row };
    let below_2 = if counted + 2 < count { row + 2 } else { below };

    let last = component.columns - 1;
    let columns =
        [column.saturating_sub(2), column.saturating_sub(1), column, (column + 1).min(last), (column + 2).min(last)];
    let mut around = [0_i64; 25];
    for (values, row) in around.chunks_exact_mut(5).zip([above_2, above, row, below, below_2]) {
        for (value, column) in values.iter_mut().zip(columns) {
            *value = i64::from(component.block(column, row)[0]);
        }
    }
    let estimate = |weights: &[i32; 25], place: usize, bits: i32| {
        let sum: i64 = weights.iter().zip(around).map(|(&weight, value)| i64::from(weight) * value).sum();
        let (sum, quantizer) = (sum * i64::from(quantizers[0]), i64::from(quantizers[place]));
        let mut size = ((quantizer << 7) + sum.abs()) / (quantizer << 8);
        if bits > 0 && size >= 1 << bits {
            size = (1 << bits) - 1;
        }
        (if sum >= 0 { size } else { -size }) as i16
    };

    let mut block = *component.block(column, row);
    let used = if no_ac { ESTIMATES.len() } else { 5 };
    for (index, (place, some, none)) in ESTIMATES.iter().enumerate().take(used) {
        let bits = known[index + 1];
        if bits != 0 && block[*place] == 0 {
            block[*place] = estimate(if no_ac { none } else { some }, *place, bits);
        }
    }
    if no_ac {
        block[0] = estimate(&AVERAGE, 0, 0);
    }
    block
}
