//! From the coefficients of several scans to samples.

use super::component::Component;
use super::smooth::smooth;

/// Turns a component's coefficients into samples, and frees them. `last_good` asks for smoothing.
pub(super) fn transform(component: &mut Component, last_good: Option<usize>) {
    component.allocate_plane();
    // Without a scan there is no table, and every coefficient is 0.
    let quantizers = component.quantizers.unwrap_or([0; 64]);
    for row in 0..component.rows {
        for column in 0..component.columns {
            let block = match last_good {
                Some(last_good) => smooth(component, column, row, component.mcu_rows, last_good, &quantizers),
                None => *component.block(column, row),
            };
            component.write(&block, &quantizers, column, row);
        }
    }
    component.free_coefficients();
}
